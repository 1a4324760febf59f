/**
 * Handles schedules in Braze that the ledger does not know: adopts those that belong to a ledger row, cancels those that
 * are certainly second, and reports the others, about which a person decides.
 *
 * It acts only on our own campaign, and only when Braze lists schedules one by one. It logs all findings before the
 * first cancellation, so an interrupted run has still reported them.
 */
import type { LogEntry } from "../../_shared/store/alerts_and_logs.ts";
import type { KnownMatch } from "../../_shared/store/reconciliation.ts";
import {
  CANCELLATION_LIMIT_REACHED,
  cancellationLimitReached,
  DUPLICATE_DAYS_MAX,
  DUPLICATES_MAX,
  DUPLICATES_THREE_DAYS,
  duplicatesThreeDays,
  MANY_DUPLICATES,
  manyDuplicates,
} from "../alerts.ts";
import { type Cancelled, cancelUnmanaged } from "../cancel_unmanaged.ts";
import { cancelsAllowed } from "../decisions/cap.ts";
import { streakUntil } from "../decisions/streak.ts";
import {
  type Adoption,
  scheduleIdsByMatch,
  type Sorted,
  sortListing,
  type UnmanagedReason,
  type UnmanagedSchedule,
} from "../decisions/unmanaged_schedules.ts";
import { countBy, type Report } from "../report.ts";
import type { ReconcileContext } from "../context.ts";

export type UnmanagedCheck = "orphans" | "duplicates";
const CHECK_OF: Readonly<Record<UnmanagedReason, UnmanagedCheck>> = {
  orphan: "orphans",
  duplicate: "duplicates",
};

interface Outcome {
  readonly schedule: UnmanagedSchedule;
  /** null: not attempted, because it is held, or because of the limit, the deadline or a dry run. */
  readonly cancelled: Cancelled | null;
}

export async function checkUnmanagedSchedules(
  context: ReconcileContext,
  chosen: readonly UnmanagedCheck[],
): Promise<Partial<Record<UnmanagedCheck, Report>>> {
  const { run } = context;
  const listing = await context.observation();
  if (listing.mode !== "per_schedule") {
    const report: Report = {
      status: "not_judged",
      counts: null,
      listing_mode: listing.mode,
    };
    return Object.fromEntries(chosen.map((check) => [check, report]));
  }
  const known = await context.known();
  const { matches } = known;
  const sorted = sortListing(
    listing.schedules,
    matches,
    known,
    listing.beganAt,
    context.now(),
  );
  const unmanaged = [...sorted.duplicates, ...sorted.orphans]
    .filter(({ reason }) => chosen.includes(CHECK_OF[reason]));
  const allowed = cancelsAllowed(listing.schedules.length, {
    cancelsMax: context.dependencies.environment.reconcileCancelsMax,
    cancelShareMax: context.dependencies.environment.reconcileCancelShareMax,
  });
  const wanted = unmanaged.filter(({ mayCancel }) => mayCancel).length;
  const isOverLimit = wanted > allowed;

  const adopted = run.dryRun ? sorted.adoptions : await adoptAll(sorted.adoptions, context);
  if (!run.dryRun) {
    await context.writeLogs(findings(unmanaged, listing.schedules, matches));
    await syncAlerts(
      unmanaged,
      wanted,
      listing.schedules.length,
      allowed,
      chosen,
      context,
    );
  }
  const outcomes = run.dryRun || isOverLimit
    ? unmanaged.map((schedule) => ({ schedule, cancelled: null }))
    : await cancelAll(unmanaged, context);
  if (
    adopted.length > 0 || outcomes.some(({ cancelled }) => cancelled !== null)
  ) context.forget();

  const common = {
    listed: listing.schedules.length,
    allowed,
    isOverLimit,
    adopted,
    sorted,
  };
  return Object.fromEntries(chosen.map((check) => [
    check,
    reportOf(
      outcomes.filter(({ schedule }) => CHECK_OF[schedule.reason] === check),
      common,
      context,
    ),
  ]));
}

async function adoptAll(
  adoptions: readonly Adoption[],
  context: ReconcileContext,
): Promise<Adoption[]> {
  const { store } = context.dependencies;
  const adopted: Adoption[] = [];
  for (const adoption of adoptions) {
    if (context.isLate()) break;
    const { entry, match, generation } = adoption;
    const isAdopted = await store.reconciliation.adopt({
      ledgerId: match.ledgerId,
      generation,
      brazeScheduleId: entry.scheduleId,
      sendAt: entry.sendAt,
      dispatchId: entry.dispatchId,
      now: context.now(),
    });
    if (!isAdopted) continue;
    adopted.push(adoption);
    await context.writeLogs([{
      action: "schedule_adopted",
      reason: "Braze lists the schedule; the response to its create was lost",
      matchId: match.matchId,
      details: {
        generation,
        schedule_id: entry.scheduleId,
        send_at: entry.sendAt,
      },
    }]);
    // The scheduler would resolve the alert on its next run; resolve it now to avoid a needless investigation.
    await store.alertsAndLogs.syncAlerts(
      { rules: ["create_unknown"], alerts: [], matchIds: [match.matchId] },
      context.now(),
    );
  }
  return adopted;
}

/** One log entry per match with duplicates (`duplicate_trends` counts these) and one per orphan. */
function findings(
  unmanaged: readonly UnmanagedSchedule[],
  listed: Parameters<typeof scheduleIdsByMatch>[0],
  matches: readonly KnownMatch[],
): LogEntry[] {
  const idsByMatch = scheduleIdsByMatch(listed, matches);
  const byMatch = Map.groupBy(
    unmanaged.filter(({ reason }) => reason === "duplicate"),
    ({ match }) => match?.matchId ?? null,
  );
  const duplicates = [...byMatch].map(([matchId, own]): LogEntry => {
    const scheduleIds = idsByMatch.get(matchId ?? -1) ??
      own.map(({ entry }) => entry.scheduleId);
    return {
      action: "duplicate_count",
      reason: `Match ${matchId} has ${scheduleIds.length} schedules`,
      matchId,
      details: {
        match_id: matchId,
        duplicate_count: own.length,
        schedule_ids: scheduleIds,
        duplicate_schedule_ids: own.map(({ entry }) => entry.scheduleId),
      },
    };
  });
  const orphans = unmanaged.filter(({ reason }) => reason === "orphan").map((
    orphan,
  ): LogEntry => ({
    action: "orphan_found",
    reason: orphan.why,
    matchId: orphan.match?.matchId ?? orphan.echo.matchId,
    details: {
      schedule_id: orphan.entry.scheduleId,
      send_at: orphan.entry.sendAt,
      trigger_properties: orphan.entry.triggerProperties,
    },
  }));
  return [...duplicates, ...orphans];
}

/** Runs before any cancellation: the findings are complete at this point. */
async function syncAlerts(
  unmanaged: readonly UnmanagedSchedule[],
  wanted: number,
  listed: number,
  allowed: number,
  chosen: readonly UnmanagedCheck[],
  context: ReconcileContext,
): Promise<void> {
  const { store, environment } = context.dependencies;
  const campaignId = environment.brazeCampaignId;
  const duplicates = unmanaged.filter(({ reason }) => reason === "duplicate");
  const { duplicateDays } = await context.known();
  const now = context.now();
  const today = now.toISOString().slice(0, 10);
  const days = streakUntil(
    duplicates.length > 0 ? [...duplicateDays, today] : duplicateDays,
    now,
  );
  const matchIds = [
    ...new Set(duplicates.flatMap(({ match }) => match?.matchId ?? [])),
  ];
  const judgesDuplicates = chosen.includes("duplicates");
  await store.alertsAndLogs.syncAlerts({
    // One check alone may stay under the limit that both together exceed, so only a full run resolves the alert.
    rules: [
      ...(chosen.length === 2 ? [CANCELLATION_LIMIT_REACHED] : []),
      ...(judgesDuplicates ? [MANY_DUPLICATES, DUPLICATES_THREE_DAYS] : []),
    ],
    alerts: [
      ...(wanted > allowed ? [cancellationLimitReached(campaignId, wanted, allowed, listed)] : []),
      ...(duplicates.length > DUPLICATES_MAX
        ? [manyDuplicates(campaignId, duplicates.length, matchIds)]
        : []),
      ...(judgesDuplicates && days >= DUPLICATE_DAYS_MAX
        ? [duplicatesThreeDays(campaignId, days)]
        : []),
    ],
  }, now);
}

async function cancelAll(
  unmanaged: readonly UnmanagedSchedule[],
  context: ReconcileContext,
): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const schedule of unmanaged) {
    outcomes.push({
      schedule,
      cancelled: !schedule.mayCancel || context.isLate()
        ? null
        : await cancelUnmanaged(schedule, context),
    });
  }
  return outcomes;
}

function reportOf(
  outcomes: readonly Outcome[],
  { listed, allowed, isOverLimit, adopted, sorted }: {
    readonly listed: number;
    readonly allowed: number;
    readonly isOverLimit: boolean;
    readonly adopted: readonly Adoption[];
    readonly sorted: Sorted;
  },
  { run }: ReconcileContext,
): Report {
  const done = outcomes.flatMap(({ cancelled }) => cancelled === null ? [] : [cancelled]);
  const held = outcomes.filter(({ schedule }) => !schedule.mayCancel);
  const isComplete = !isOverLimit && done.length + held.length === outcomes.length &&
    !done.includes("deferred") &&
    adopted.length === sorted.adoptions.length;
  return {
    status: run.dryRun || isComplete ? "done" : "partial",
    counts: {
      listed,
      found: outcomes.length,
      cancelled: 0,
      ...countBy(done),
      adopted: adopted.length,
      owned: sorted.owned.length,
      held: sorted.held.length + held.length,
      kept: sorted.kept.length,
      undecided: sorted.undecided.length,
    },
    cancels_allowed: allowed,
    is_capped: isOverLimit,
    found: outcomes.map(({ schedule, cancelled }) => ({
      schedule_id: schedule.entry.scheduleId,
      match_id: schedule.match?.matchId ?? schedule.echo.matchId,
      why: schedule.why,
      send_at: schedule.entry.sendAt,
      cancelled,
    })),
    adopted: adopted.map(({ entry, match, generation }) => ({
      schedule_id: entry.scheduleId,
      match_id: match.matchId,
      generation,
    })),
    held: [...sorted.held, ...held.map(({ schedule }) => schedule.entry)]
      .map(({ scheduleId }) => scheduleId),
  };
}
