/**
 * Rolls up the webhook health of each UTC day: how many sends had events, and how late.
 *
 * Every day is computed from the counts of its matches and can be computed again; for a date that a person names, the matches
 * are counted anew first. A day that fails does not stop the next. A run that stops at its deadline returns the next day. A
 * run without a date also measures the audiences of the teams.
 */
import { z } from "zod";
import type { Dependencies } from "../_shared/function/dependencies.ts";
import type { DateText, Metrics } from "../_shared/store/health.ts";
import { DatabaseError } from "../_shared/store/rpc.ts";
import {
  createCronFunction,
  isPastDeadline,
  type Run,
  type RunResult,
} from "../_shared/function/cron_function.ts";
import { measureAudiences } from "../_shared/function/measure_audiences.ts";
import { recount } from "../_shared/function/recount.ts";
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
      const days = await rollUp(span, options.span !== null, run);
      // A back-fill of past days does not measure today's audiences.
      if (run.dryRun || options.span !== null) return days;
      const audiences = await measureAudiences(dependencies, run, null);
      return {
        outcome: days.outcome === "succeeded" && audiences.left > 0 ? "partial" : days.outcome,
        summary: { ...days.summary, audiences },
      };
    },
  });

  /** `isAsked`: a person asked for these days, so all their matches are counted again. */
  async function rollUp(span: Span, isAsked: boolean, run: Run): Promise<RunResult> {
    const mayContinue = () => !isPastDeadline(run, clock.now());
    const days = daysOf(span, clock.now());
    const metrics: Metrics[] = [];
    const failed: { readonly date: DateText; readonly error: string }[] = [];
    const counted = { matches: 0, failed: 0, double_pushes: 0 };
    let done = 0;
    for (const day of days) {
      if (!mayContinue()) break;
      try {
        if (run.dryRun) metrics.push(await store.health.measure(day, clock.now()));
        else {
          const { isComplete, ...again } = await recount(
            { store, clock, log: run.log },
            mayContinue,
            isAsked ? { from: startOf(day), until: endOf(day) } : undefined,
          );
          counted.matches += again.matches;
          counted.failed += again.failed;
          counted.double_pushes += again.doublePushes;
          // Not with numbers of yesterday's state: the next run begins with this day.
          if (!isComplete && again.failed === 0) break;
          await store.health.rollUp(day, clock.now());
        }
      } catch (error) {
        if (!(error instanceof DatabaseError) || error.isUnavailable) throw error;
        run.log.error("day_not_rolled_up", { date: day, error });
        failed.push({ date: day, error: error.message });
      }
      done++;
    }
    return {
      outcome: failed.length + counted.failed > 0
        ? "failed"
        : done < days.length
        ? "partial"
        : "succeeded",
      summary: {
        ...span,
        days_done: done - failed.length,
        days_left: days.length - done,
        days_failed: failed,
        next_from: days[done] ?? null,
        ...(run.dryRun ? { metrics } : { counted }),
      },
    };
  }
}
