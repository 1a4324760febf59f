/**
 * Schedules in Braze that the ledger does not own: adopted where they are ours after all, else told and then cancelled.
 *
 * Only where Braze lists schedules one by one, and only those of our campaign. What is found is written down before
 * anything is cancelled, so that a run that dies half-way has told all of it.
 */
import { createSettle } from "../../_shared/settle.ts";
import type { LogEntry } from "../../_shared/store/notices.ts";
import type { KnownMatch } from "../../_shared/store/reconciliation.ts";
import {
  CANCEL_CAP,
  cancelCap,
  DUPLICATE_DAYS_MAX,
  DUPLICATES_MAX,
  DUPLICATES_THREE_DAYS,
  duplicatesThreeDays,
  MANY_DUPLICATES,
  manyDuplicates,
} from "../alerts.ts";
import { type Cancelled, cancelStray } from "../cancel.ts";
import { cancelsAllowed } from "../decisions/cap.ts";
import { streakUntil } from "../decisions/streak.ts";
import {
  type Adoption,
  scheduleIdsByMatch,
  type Sorted,
  sortListing,
  type Stray,
  type StrayReason,
} from "../decisions/strays.ts";
import { countBy, type Report } from "../report.ts";
import type { Scene } from "../scene.ts";

export type StrayCheck = "orphans" | "duplicates";
const CHECK_OF: Readonly<Record<StrayReason, StrayCheck>> = {
  orphan: "orphans",
  duplicate: "duplicates",
};

interface Outcome {
  readonly stray: Stray;
  /** null: not tried, for the cap, the deadline or a dry run. */
  readonly cancelled: Cancelled | null;
}

export async function checkStrays(
  scene: Scene,
  chosen: readonly StrayCheck[],
): Promise<Partial<Record<StrayCheck, Report>>> {
  const { run } = scene;
  const { listing } = await scene.listed();
  if (listing.mode !== "per_schedule") {
    const report: Report = { status: "not_judged", counts: null, listing_mode: listing.mode };
    return Object.fromEntries(chosen.map((check) => [check, report]));
  }
  const { matches } = await scene.known();
  const sorted = sortListing(listing.schedules, matches, scene.now());
  const strays = [...sorted.duplicates, ...sorted.orphans]
    .filter(({ reason }) => chosen.includes(CHECK_OF[reason]));
  const allowed = cancelsAllowed(listing.schedules.length, {
    cancelsMax: scene.dependencies.environment.reconcileCancelsMax,
    cancelShareMax: scene.dependencies.environment.reconcileCancelShareMax,
  });
  const isCapped = strays.length > allowed;

  const adopted = run.dryRun ? sorted.adoptions : await adoptAll(sorted.adoptions, scene);
  if (!run.dryRun) {
    await scene.writeLogs(findings(strays, listing.schedules, matches));
    await tell(strays, listing.schedules.length, allowed, chosen, scene);
  }
  const outcomes = run.dryRun || isCapped
    ? strays.map((stray) => ({ stray, cancelled: null }))
    : await cancelAll(strays, scene);
  if (
    adopted.length > 0 || outcomes.some(({ cancelled }) => cancelled !== null)
  ) scene.forget();

  const common = { listed: listing.schedules.length, allowed, isCapped, adopted, sorted };
  return Object.fromEntries(chosen.map((check) => [
    check,
    reportOf(
      outcomes.filter(({ stray }) => CHECK_OF[stray.reason] === check),
      common,
      scene,
    ),
  ]));
}

async function adoptAll(adoptions: readonly Adoption[], scene: Scene): Promise<Adoption[]> {
  const { dependencies, run } = scene;
  const { store } = dependencies;
  const settle = createSettle(dependencies);
  const adopted: Adoption[] = [];
  for (const adoption of adoptions) {
    if (scene.isLate()) break;
    const { entry, match, generation } = adoption;
    const result = await store.reconciliation.adopt({
      ledgerId: match.ledgerId,
      generation,
      brazeScheduleId: entry.scheduleId,
      sendAt: entry.sendAt,
      dispatchId: entry.dispatchId,
      now: scene.now(),
    });
    if (!result.adopted) continue;
    adopted.push(adoption);
    await scene.writeLogs([{
      action: "schedule_adopted",
      reason: "Braze lists the schedule whose create was not heard of again",
      matchId: match.matchId,
      details: { generation, schedule_id: entry.scheduleId, send_at: entry.sendAt },
    }]);
    if (result.learned.length > 0) await settle(result.learned, run.runId);
    // The scheduler would do so with its next run; until then somebody would look in vain.
    await store.notices.settleAlerts(
      { rules: ["create_unknown"], alerts: [], matchIds: [match.matchId] },
      scene.now(),
    );
  }
  return adopted;
}

/** One entry for each match with duplicates, as the trend counts them, and one for each orphan. */
function findings(
  strays: readonly Stray[],
  listed: Parameters<typeof scheduleIdsByMatch>[0],
  matches: readonly KnownMatch[],
): LogEntry[] {
  const idsByMatch = scheduleIdsByMatch(listed, matches);
  const byMatch = Map.groupBy(
    strays.filter(({ reason }) => reason === "duplicate"),
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
  const orphans = strays.filter(({ reason }) => reason === "orphan").map((stray): LogEntry => ({
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
  strays: readonly Stray[],
  listed: number,
  allowed: number,
  chosen: readonly StrayCheck[],
  scene: Scene,
): Promise<void> {
  const { store, environment } = scene.dependencies;
  const campaignId = environment.brazeCampaignId;
  const duplicates = strays.filter(({ reason }) => reason === "duplicate");
  const { duplicateDays } = await scene.known();
  const now = scene.now();
  const today = now.toISOString().slice(0, 10);
  const days = streakUntil(duplicates.length > 0 ? [...duplicateDays, today] : duplicateDays, now);
  const matchIds = [...new Set(duplicates.flatMap(({ match }) => match?.matchId ?? []))];
  const judgesDuplicates = chosen.includes("duplicates");
  await store.notices.settleAlerts({
    // Half of the strays may fit under the cap where all of them do not: that resolves nothing.
    rules: [
      ...(chosen.length === 2 ? [CANCEL_CAP] : []),
      ...(judgesDuplicates ? [MANY_DUPLICATES, DUPLICATES_THREE_DAYS] : []),
    ],
    alerts: [
      ...(strays.length > allowed ? [cancelCap(campaignId, strays.length, allowed, listed)] : []),
      ...(duplicates.length > DUPLICATES_MAX
        ? [manyDuplicates(campaignId, duplicates.length, matchIds)]
        : []),
      ...(judgesDuplicates && days >= DUPLICATE_DAYS_MAX
        ? [duplicatesThreeDays(campaignId, days)]
        : []),
    ],
  }, now);
}

async function cancelAll(strays: readonly Stray[], scene: Scene): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const stray of strays) {
    outcomes.push({ stray, cancelled: scene.isLate() ? null : await cancelStray(stray, scene) });
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
  { run }: Scene,
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
