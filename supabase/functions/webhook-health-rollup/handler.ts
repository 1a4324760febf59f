/**
 * Rolls up, for each UTC day, how well Braze told of what it sent.
 *
 * Every day is worked out from the events and can be worked out again; a run that stops at its deadline says which
 * day comes next. Left alone it also measures the audiences of teams.
 */
import { z } from "zod";
import type { Dependencies } from "../_shared/function/dependencies.ts";
import type { Metrics } from "../_shared/store/health.ts";
import {
  createCronFunction,
  isPastDeadline,
  type Run,
  type RunResult,
} from "../_shared/function/cron_function.ts";
import { measureAudiences } from "./audiences.ts";
import { DAYS_MAX, daysOf, endOf, lengthOf, type Span, startOf, usualSpan } from "./days.ts";

/** As far as events reach. Postgres has no year 0. */
const Day = z.iso.date()
  .refine((date) => date >= "2000" && date < "2100", "must be between 2000 and 2100");

const Options = z.strictObject({
  /** Answers with the numbers and keeps nothing. */
  dry_run: z.boolean().default(false),
  /** One day, or a span of them, both ends included; the last days when left out. */
  date: Day.optional(),
  from: Day.optional(),
  to: Day.optional(),
})
  .refine(
    ({ date, from, to }) =>
      (from === undefined) === (to === undefined) && (date === undefined || from === undefined),
    "must hold date, or from and to, or neither",
  )
  .transform(({ dry_run, date, from, to }) => ({
    dryRun: dry_run,
    span: date !== undefined
      ? { from: date, to: date }
      : from !== undefined && to !== undefined
      ? { from, to }
      : null,
  }))
  .refine(({ span }) => span === null || span.from <= span.to, "from must not be after to")
  .refine(
    ({ span }) => span === null || lengthOf(span) <= DAYS_MAX,
    `from and to must span at most ${DAYS_MAX} days`,
  );
type Options = z.infer<typeof Options>;

export function createHandler(dependencies: Dependencies): (request: Request) => Promise<Response> {
  const { store, clock } = dependencies;

  return createCronFunction(dependencies, {
    options: Options,
    isDryRun: (options) => options.dryRun,
    async run(options, run) {
      const span = options.span ?? usualSpan(await store.health.lastDate(), clock.now());
      const days = await rollUp(span, run);
      // Who asks for days gone by does not ask how many users there are today.
      if (run.dryRun || options.span !== null) return days;
      const audiences = await measureAudiences(dependencies, run);
      return {
        outcome: audiences.left > 0 ? "partial" : days.outcome,
        summary: { ...days.summary, audiences },
      };
    },
  });

  async function rollUp(span: Span, run: Run): Promise<RunResult> {
    const days = daysOf(span, clock.now());
    const metrics: Metrics[] = [];
    const doublePushes = { matches: 0, users: 0, raised: 0, resolved: 0 };
    let done = 0;
    for (const day of days) {
      if (isPastDeadline(run, clock.now())) break;
      if (run.dryRun) {
        metrics.push(await store.health.measure(day, clock.now()));
      } else {
        const found = await rollUpDay(day);
        doublePushes.matches += found.matches;
        doublePushes.users += found.users;
        doublePushes.raised += found.raised;
        doublePushes.resolved += found.resolved;
      }
      done++;
    }
    return {
      outcome: done < days.length ? "partial" : "succeeded",
      summary: {
        ...span,
        days_done: done,
        days_left: days.length - done,
        next_from: days[done] ?? null,
        ...(run.dryRun ? { metrics } : { double_pushes: doublePushes }),
      },
    };
  }

  async function rollUpDay(day: string) {
    await store.health.refreshSendCounts(startOf(day), endOf(day), clock.now());
    await store.health.rollUp(day, clock.now());
    return await store.health.detectDoublePushes(startOf(day), endOf(day), clock.now());
  }
}
