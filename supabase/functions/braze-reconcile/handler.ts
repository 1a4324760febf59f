/**
 * Compares the ledger, Braze and the events, and resolves every difference that evidence decides.
 *
 * Guarantees: it never cancels the current schedule of a pending match, and it writes a journal entry before each
 * cancellation. A state that cannot be determined is reported as unknown and left unchanged. Each run reads everything
 * again, so the next run repairs a lost, repeated or interrupted one.
 */
import { addMilliseconds } from "date-fns";
import { z } from "zod";
import type { Dependencies } from "../_shared/function/dependencies.ts";
import { DatabaseError } from "../_shared/store/rpc.ts";
import { carryOutVerbs, hasVerbs, VERB_OPTIONS } from "../_shared/function/verbs.ts";
import {
  createCronFunction,
  isPastDeadline,
  type Run,
  type RunResult,
} from "../_shared/function/cron_function.ts";
import { type Check, CHECKS, type Report } from "./report.ts";
import { createReconcileContext, type ReconcileContext } from "./context.ts";
import { reattributeEvents } from "./steps/attribution.ts";
import { refreshCounts } from "./steps/counts.ts";
import { checkGaps } from "./steps/gaps.ts";
import { judgeQuality } from "./steps/quality.ts";
import { resolveStale } from "./steps/stale.ts";
import { checkUnmanagedSchedules, type UnmanagedCheck } from "./steps/unmanaged_schedules.ts";
import { resolveAttempts } from "./steps/unknown_attempts.ts";
import { verifySchedules } from "./steps/verify.ts";

const Options = z.strictObject({
  /** Reports every finding; changes and cancels nothing. */
  dry_run: z.boolean().default(false),
  /** Default: all checks; none when a person acts. */
  checks: z.array(z.enum(CHECKS)).min(1).optional(),
  ...VERB_OPTIONS,
});
type Options = z.infer<typeof Options>;

type Reports = Partial<Record<Check, Report>>;

export function createHandler(
  dependencies: Dependencies,
): (request: Request) => Promise<Response> {
  const { store, clock } = dependencies;

  return createCronFunction(dependencies, {
    options: Options,
    isDryRun: (options) => options.dry_run,
    async run(options, run): Promise<RunResult> {
      if (!run.dryRun) await store.journal.giveUp(run.runId, clock.now());
      const acted = await carryOutVerbs(options, run, dependencies);
      const context = createReconcileContext(dependencies, run);
      const chosen = chooseChecks(options);
      const reports: Reports = {};
      const steps = stepsOf(chosen, context);
      for (const [place, step] of steps.entries()) {
        if (isPastDeadline(run, clock.now())) break;
        context.begin(deadlineOf(step, steps.slice(place), run, clock.now()));
        Object.assign(reports, await tryStep(step, context, run));
      }
      const result = resultOf(reports, chosen, await listingMode(chosen, reports, context));
      return hasVerbs(options)
        ? { ...result, summary: { verbs: acted, ...result.summary } }
        : result;
    },
  });

  /** A failed check does not stop the others; a database that is away or a lost lease ends the run. */
  async function tryStep(
    { checks, execute }: Step,
    context: ReconcileContext,
    run: Run,
  ): Promise<Reports> {
    try {
      return await execute();
    } catch (error) {
      if (
        error instanceof DatabaseError &&
        ((error.isUnavailable && !OF_ONE_STATEMENT.test(error.code)) || error.hint === "lease_lost")
      ) {
        throw error;
      }
      run.log.error("check_failed", { checks, error });
      context.forget();
      const report: Report = {
        status: "failed",
        counts: null,
        error: error instanceof Error ? error.message : String(error),
      };
      return Object.fromEntries(checks.map((check) => [check, report]));
    }
  }
}

/** A query that lost a lock to another: the next one may do better. */
const OF_ONE_STATEMENT = /^(?:55P03|40P01|40001)$/;

const ASK_STATISTICS: readonly Check[] = ["attribution", "stale", "counts"];

/** Checks that ask for statistics share what is left of the run, so that none of them takes all of it. */
function deadlineOf({ checks }: Step, left: readonly Step[], { deadline }: Run, now: Date): Date {
  const asksStatistics = ({ checks }: Pick<Step, "checks">) =>
    checks.some((check) => ASK_STATISTICS.includes(check));
  if (!asksStatistics({ checks })) return deadline;
  const leftMs = deadline.getTime() - now.getTime();
  return addMilliseconds(now, leftMs / left.filter(asksStatistics).length);
}

function chooseChecks(options: Options): Check[] {
  const selected = new Set<Check>(options.checks ?? (hasVerbs(options) ? [] : CHECKS));
  return CHECKS.filter((check) => selected.has(check));
}

const STEPS: Readonly<
  Record<
    Exclude<Check, UnmanagedCheck>,
    (context: ReconcileContext) => Promise<Report>
  >
> = {
  verify: verifySchedules,
  gaps: checkGaps,
  unknown_attempts: resolveAttempts,
  stale: resolveStale,
  attribution: reattributeEvents,
  counts: refreshCounts,
  quality: judgeQuality,
};

interface Step {
  readonly checks: readonly Check[];
  readonly execute: () => Promise<Reports>;
}

function stepsOf(
  chosen: readonly Check[],
  context: ReconcileContext,
): Step[] {
  const unmanaged = chosen.filter((check) => check === "orphans" || check === "duplicates");
  return chosen.flatMap((check): Step[] => {
    if (check !== "orphans" && check !== "duplicates") {
      const step = STEPS[check];
      return [{
        checks: [check],
        execute: async () => ({ [check]: await step(context) }),
      }];
    }
    // Both checks sort the same listing and share one cancellation limit.
    return check === unmanaged[0]
      ? [{
        checks: unmanaged,
        execute: () => checkUnmanagedSchedules(context, unmanaged),
      }]
      : [];
  });
}

/** null when no check needed a listing. */
async function listingMode(
  chosen: readonly Check[],
  reports: Reports,
  context: ReconcileContext,
) {
  const USE_LISTING: readonly Check[] = [
    "verify",
    "gaps",
    "orphans",
    "duplicates",
    "unknown_attempts",
  ];
  const wasLoaded = chosen.some((check) =>
    USE_LISTING.includes(check) && reports[check] !== undefined &&
    reports[check].status !== "failed"
  );
  return wasLoaded ? (await context.observation()).mode : null;
}

const NOT_BEGUN: Report = { status: "not_begun", counts: null };

function resultOf(
  reports: Reports,
  chosen: readonly Check[],
  mode: string | null,
): RunResult {
  const complete = Object.fromEntries(
    chosen.map((check) => [check, reports[check] ?? NOT_BEGUN]),
  );
  const statuses = Object.values(complete).map(({ status }) => status);
  const outcome = statuses.includes("failed")
    ? "failed"
    : statuses.includes("partial") || statuses.includes("not_begun") || mode === "unavailable"
    ? "partial"
    : "succeeded";
  return {
    outcome,
    summary: {
      listing_mode: mode,
      /** Checks that the deadline prevented. */
      not_begun: chosen.filter((check) => reports[check] === undefined),
      checks: complete,
    },
  };
}
