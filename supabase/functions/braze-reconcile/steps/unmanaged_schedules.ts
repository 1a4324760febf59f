/**
 * Schedules in Braze that the ledger does not own: adopted where they are ours after all, else told and then cancelled.
 *
 * Only where Braze lists schedules one by one, and only those of our campaign. What is found is written down before
 * anything is cancelled, so that a run that dies half-way has told all of it.
 */
import { createReattribute } from "../../_shared/function/reattribute.ts";
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
  readonly stray: UnmanagedSchedule;
  /** null: not tried, for the cap, the deadline or a dry run. */
  readonly cancelled: Cancelled | null;
}

export async function checkUnmanagedSchedules(
  context: ReconcileContext,
  chosen: readonly UnmanagedCheck[],
): Promise<Partial<Record<UnmanagedCheck, Report>>> {
  const { run } = context;
  const { listing } = await context.listed();
  if (listing.mode !== "per_schedule") {
    const report: Report = { status: "not_judged", counts: null, listing_mode: listing.mode };
    return Object.fromEntries(chosen.map((check) => [check, report]));
  }
  const { matches } = await context.known();
  const sorted = sortListing(listing.schedules, matches, context.now());
  const unmanaged = [...sorted.duplicates, ...sorted.orphans]
    .filter(({ reason }) => chosen.includes(CHECK_OF[reason]));
  const allowed = cancelsAllowed(listing.schedules.length, {
    cancelsMax: context.dependencies.environment.reconcileCancelsMax,
    cancelShareMax: context.dependencies.environment.reconcileCancelShareMax,
  });
  const isCapped = unmanaged.length > allowed;

  const adopted = run.dryRun ? sorted.adoptions : await adoptAll(sorted.adoptions, context);
  if (!run.dryRun) {
    await context.writeLogs(findings(unmanaged, listing.schedules, matches));
    await tell(unmanaged, listing.schedules.length, allowed, chosen, context);
  }
  const outcomes = run.dryRun || isCapped
    ? unmanaged.map((stray) => ({ stray, cancelled: null }))
    : await cancelAll(unmanaged, context);
  if (
    adopted.length > 0 || outcomes.some(({ cancelled }) => cancelled !== null)
  ) context.forget();

  const common = { listed: listing.schedules.length, allowed, isCapped, adopted, sorted };
  return Object.fromEntries(chosen.map((check) => [
    check,
    reportOf(
      outcomes.filter(({ stray }) => CHECK_OF[stray.reason] === check),
      common,
      context,
    ),
  ]));
}

async function adoptAll(
  adoptions: readonly Adoption[],
  context: ReconcileContext,
): Promise<Adoption[]> {
  const { dependencies, run } = context;
  const { store } = dependencies;
  const reattribute = createReattribute(dependencies);
  const adopted: Adoption[] = [];
  for (const adoption of adoptions) {
    if (context.isLate()) break;
    const { entry, match, generation } = adoption;
    const result = await store.reconciliation.adopt({
      ledgerId: match.ledgerId,
      generation,
      brazeScheduleId: entry.scheduleId,
      sendAt: entry.sendAt,
      dispatchId: entry.dispatchId,
      now: context.now(),
    });
    if (!result.adopted) continue;
    adopted.push(adoption);
    await context.writeLogs([{
      action: "schedule_adopted",
      reason: "Braze lists the schedule whose create was not heard of again",
      matchId: match.matchId,
      details: { generation, schedule_id: entry.scheduleId, send_at: entry.sendAt },
    }]);
    if (result.registered.length > 0) await reattribute(result.registered, run.runId);
    // The scheduler would do so with its next run; until then somebody would look in vain.
    await store.alertsAndLogs.syncAlerts(
      { rules: ["create_unknown"], alerts: [], matchIds: [match.matchId] },
      context.now(),
    );
  }
  return adopted;
}

/** One entry for each match with duplicates, as the trend counts them, and one for each orphan. */
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
  const orphans = unmanaged.filter(({ reason }) => reason === "orphan").map((stray): LogEntry => ({
    action: "orphan_found",
    reason: stray.why,
    matchId: stray.match?.matchId ?? stray.echo.matchId,
    details: {
      schedule_id: stray.entry.scheduleId,
      send_at: stray.entry.sendAt,
      trigger_properties: stray.entry.triggerProperties,
    },
  }));
  return [...duplicates, ...orphans];
}

/** Before anything is cancelled: all that these rules judge is known by now. */
async function tell(
  unmanaged: readonly UnmanagedSchedule[],
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
  const days = streakUntil(duplicates.length > 0 ? [...duplicateDays, today] : duplicateDays, now);
  const matchIds = [...new Set(duplicates.flatMap(({ match }) => match?.matchId ?? []))];
  const judgesDuplicates = chosen.includes("duplicates");
  await store.alertsAndLogs.syncAlerts({
    // Half of the unmanaged schedules may fit under the cap where all of them do not: that resolves nothing.
    rules: [
      ...(chosen.length === 2 ? [CANCELLATION_LIMIT_REACHED] : []),
      ...(judgesDuplicates ? [MANY_DUPLICATES, DUPLICATES_THREE_DAYS] : []),
    ],
    alerts: [
      ...(unmanaged.length > allowed
        ? [cancellationLimitReached(campaignId, unmanaged.length, allowed, listed)]
        : []),
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
  for (const stray of unmanaged) {
    outcomes.push({
      stray,
      cancelled: context.isLate() ? null : await cancelUnmanaged(stray, context),
    });
  }
  return outcomes;
}

function reportOf(
  outcomes: readonly Outcome[],
  { listed, allowed, isCapped, adopted, sorted }: {
    readonly listed: number;
    readonly allowed: number;
    readonly isCapped: boolean;
    readonly adopted: readonly Adoption[];
    readonly sorted: Sorted;
  },
  { run }: ReconcileContext,
): Report {
  const done = outcomes.flatMap(({ cancelled }) => cancelled === null ? [] : [cancelled]);
  const isWhole = !isCapped && done.length === outcomes.length &&
    !done.includes("deferred") &&
    adopted.length === sorted.adoptions.length;
  return {
    status: run.dryRun || isWhole ? "done" : "partial",
    counts: {
      listed,
      found: outcomes.length,
      cancelled: 0,
      ...countBy(done),
      adopted: adopted.length,
      owned: sorted.owned.length,
      held: sorted.held.length,
      unsettled: sorted.unsettled.length,
    },
    cancels_allowed: allowed,
    is_capped: isCapped,
    found: outcomes.map(({ stray, cancelled }) => ({
      schedule_id: stray.entry.scheduleId,
      match_id: stray.match?.matchId ?? stray.echo.matchId,
      why: stray.why,
      send_at: stray.entry.sendAt,
      cancelled,
    })),
    adopted: adopted.map(({ entry, match, generation }) => ({
      schedule_id: entry.scheduleId,
      match_id: match.matchId,
      generation,
    })),
    held: sorted.held.map(({ scheduleId }) => scheduleId),
  };
}
