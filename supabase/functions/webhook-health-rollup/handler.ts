/**
 * Rolls up the webhook health of each UTC day: how many sends had events, and how late.
 *
 * Every day is computed from the events and can be computed again. A run that stops at its deadline returns the next
 * day. A run without a date also measures the audiences of the teams.
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

/** The range of event times that are accepted. */
const Day = z.iso.date()
  .refine((date) => date >= "2000" && date < "2100", "must be between 2000 and 2100");

const Options = z.strictObject({
  /** Returns the metrics and stores nothing. */
  dry_run: z.boolean().default(false),
  /** One day, or `from` and `to`, both included; default: the last days. */
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
      // A back-fill of past days does not measure today's audiences.
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
