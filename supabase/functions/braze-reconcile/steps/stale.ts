/** Pushes that were due and that no event has told of: settled by Braze's statistics, else told. */
import { STALE_PENDING, stalePending } from "../alerts.ts";
import { findStale, type Stale } from "../decisions/stale.ts";
import type { Report } from "../report.ts";
import type { Scene } from "../scene.ts";

interface Judged {
  readonly stale: Stale;
  readonly reported: number | null;
  readonly isSettled: boolean;
}

export async function settleStale(scene: Scene): Promise<Report> {
  const { dependencies: { store }, run } = scene;
  const { matches } = await scene.known();
  const stale = findStale(matches, scene.now());
  const judged: Judged[] = [];
  for (const one of stale) {
    if (scene.isLate()) break;
    judged.push(await judge(one, scene));
  }

  const isComplete = judged.length === stale.length;
  const open = judged.filter(({ isSettled }) => !isSettled);
  if (!run.dryRun) {
    const alerts = open.map((one) => stalePending(one.stale, one.reported));
    if (isComplete) {
      await store.notices.settleAlerts({ rules: [STALE_PENDING], alerts }, scene.now());
    } else await store.notices.raiseAlerts(alerts, scene.now());
  }
  if (open.length < judged.length) scene.forget();
  return {
    status: isComplete ? "done" : "partial",
    counts: {
      stale: stale.length,
      settled: judged.length - open.length,
      open: open.length,
      for_good: open.filter((one) => one.stale.isForGood).length,
    },
    settled: judged.filter(({ isSettled }) => isSettled).map((
      { stale: { match }, reported },
    ) => ({ match_id: match.matchId, braze_reported: reported })),
    open: open.map(({ stale: { match, dueAt, isForGood, unsettleable }, reported }) => ({
      match_id: match.matchId,
      due_at: dueAt,
      for_good: isForGood,
      braze_reported: reported,
      unsettleable,
    })),
  };
}

async function judge(stale: Stale, scene: Scene): Promise<Judged> {
  const { match, unsettleable } = stale;
  const reported = unsettleable === null && match.sendId !== null
    ? await scene.pushesSent(match.campaignId, match.sendId)
    : null;
  if (reported === null || reported === 0) {
    return { stale, reported, isSettled: false };
  }
  if (scene.run.dryRun) return { stale, reported, isSettled: true };

  const isSettled = await scene.dependencies.store.reconciliation
    .settleByStatistics(match, reported, scene.now());
  if (isSettled) {
    await scene.writeLogs([{
      action: "settled_by_statistics",
      reason: `Braze counts ${reported} pushes, and no event told of one`,
      matchId: match.matchId,
      details: { generation: match.generation, send_id: match.sendId, braze_reported: reported },
    }]);
  }
  // Not pending any more: somebody settled it meanwhile.
  return { stale, reported, isSettled: true };
}
