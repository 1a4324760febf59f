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
import { recover } from "./steps/recovery.ts";
import { resolveStale } from "./steps/stale.ts";
import { checkUnmanagedSchedules, type UnmanagedCheck } from "./steps/unmanaged_schedules.ts";
import { resolveAttempts } from "./steps/unknown_attempts.ts";
import { verifySchedules } from "./steps/verify.ts";

const MANUAL_CONFIRMATIONS_MAX = 500;
const REASON_CHARACTERS_MAX = 1_000;

const ofMatch = {
  match_id: z.int().nonnegative(),
  reason: z.string().trim().min(1).max(REASON_CHARACTERS_MAX),
};
const ManualConfirmations = z.array(z.strictObject(ofMatch))
  .min(1).max(MANUAL_CONFIRMATIONS_MAX);
const DeclaredGone = z.array(
  z.strictObject({
    ...ofMatch,
    /** Although Braze may hold it, or its time has come. */
    accept_double_push: z.boolean().default(false),
  }),
).min(1).max(MANUAL_CONFIRMATIONS_MAX);

const Options = z.strictObject({
  /** Reports every finding; changes and cancels nothing. */
  dry_run: z.boolean().default(false),
  /** Default: all checks; with a manual action (`mark_sent`, …) only `recovery`. */
  checks: z.array(z.enum(CHECKS)).min(1).optional(),
  mark_sent: ManualConfirmations.optional(),
  undo_mark_sent: ManualConfirmations.optional(),
  /** Braze does not hold the schedules of these matches. */
  declare_gone: DeclaredGone.optional(),
  /** The held pushes of these matches are to go out. */
  release_hold: ManualConfirmations.optional(),
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
      const context = createReconcileContext(dependencies, run);
      const chosen = chooseChecks(options);
      const reports: Reports = {};
      const steps = stepsOf(chosen, options, context);
      for (const [place, step] of steps.entries()) {
        if (isPastDeadline(run, clock.now())) break;
        context.begin(deadlineOf(step, steps.slice(place), run, clock.now()));
        Object.assign(reports, await tryStep(step, context, run));
      }
      return resultOf(reports, chosen, await listingMode(chosen, reports, context));
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

/** A query that took too long, or lost a lock to another: the next one may do better. */
const OF_ONE_STATEMENT = /^(?:57014|55P03|40P01|40001)$/;

const ASK_STATISTICS: readonly Check[] = ["attribution", "stale", "counts"];

/** Checks that ask for statistics share what is left of the run, so that none of them takes all of it. */
function deadlineOf({ checks }: Step, left: readonly Step[], { deadline }: Run, now: Date): Date {
  const asksStatistics = ({ checks }: Pick<Step, "checks">) =>
    checks.some((check) => ASK_STATISTICS.includes(check));
  if (!asksStatistics({ checks })) return deadline;
  const leftMs = deadline.getTime() - now.getTime();
  return addMilliseconds(now, leftMs / left.filter(asksStatistics).length);
}

function chooseChecks(
  { checks, mark_sent, undo_mark_sent, declare_gone, release_hold }: Options,
): Check[] {
  const isRecovery = [mark_sent, undo_mark_sent, declare_gone, release_hold]
    .some((action) => action !== undefined);
  const selected = new Set<Check>(checks ?? (isRecovery ? [] : CHECKS));
  if (isRecovery) selected.add("recovery");
  return CHECKS.filter((check) => selected.has(check));
}

const STEPS: Readonly<
  Record<
    Exclude<Check, UnmanagedCheck>,
    (context: ReconcileContext, options: Options) => Promise<Report>
  >
> = {
  verify: verifySchedules,
  gaps: checkGaps,
  unknown_attempts: resolveAttempts,
  stale: resolveStale,
  attribution: reattributeEvents,
  counts: refreshCounts,
  quality: judgeQuality,
  recovery: (
    context,
    {
      mark_sent: markSent = [],
      undo_mark_sent: undoMarkSent = [],
      declare_gone: declareGone = [],
      release_hold: releaseHold = [],
    },
  ) => recover({ markSent, undoMarkSent, declareGone, releaseHold }, context),
};

interface Step {
  readonly checks: readonly Check[];
  readonly execute: () => Promise<Reports>;
}

function stepsOf(
  chosen: readonly Check[],
  options: Options,
  context: ReconcileContext,
): Step[] {
  const unmanaged = chosen.filter((check) => check === "orphans" || check === "duplicates");
  return chosen.flatMap((check): Step[] => {
    if (check !== "orphans" && check !== "duplicates") {
      const step = STEPS[check];
      return [{
        checks: [check],
        execute: async () => ({ [check]: await step(context, options) }),
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
