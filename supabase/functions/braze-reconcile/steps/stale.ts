/** Handles due pushes without events: Braze's statistics confirm the send, otherwise an alert is raised. */
import { STALE_PENDING, stalePending } from "../alerts.ts";
import { findStale, type Stale } from "../decisions/stale.ts";
import type { Report } from "../report.ts";
import type { ReconcileContext } from "../context.ts";

interface Judged {
  readonly stale: Stale;
  readonly reported: number | null;
  readonly isConfirmed: boolean;
}

export async function resolveStale(context: ReconcileContext): Promise<Report> {
  const { dependencies: { store }, run } = context;
  const { matches } = await context.known();
  const stale = findStale(matches, context.now());
  const askable = stale.filter(({ unconfirmable }) => unconfirmable === null);
  const reported = await context.statisticsOf(askable.map(({ match }) => match));
  const judged: Judged[] = [];
  for (const one of stale) {
    judged.push(await judge(one, reported.get(one.match.ledgerId) ?? null, context));
  }

  const isComplete = reported.size === askable.length;
  const open = judged.filter(({ isConfirmed }) => !isConfirmed);
  if (!run.dryRun) {
    // A match whose statistics could not be asked for in time is told, too: no event has come.
    await store.alertsAndLogs.syncAlerts(
      { rules: [STALE_PENDING], alerts: open.map((one) => stalePending(one.stale, one.reported)) },
      context.now(),
    );
  }
  if (open.length < judged.length) context.forget();
  return {
    status: isComplete ? "done" : "partial",
    counts: {
      stale: stale.length,
      asked: reported.size,
      confirmed: judged.length - open.length,
      open: open.length,
      for_good: open.filter((one) => one.stale.isForGood).length,
    },
    confirmed: judged.filter(({ isConfirmed }) => isConfirmed).map((
      { stale: { match }, reported },
    ) => ({ match_id: match.matchId, braze_reported: reported })),
    open: open.map((
      { stale: { match, dueAt, isForGood, unconfirmable }, reported },
    ) => ({
      match_id: match.matchId,
      due_at: dueAt,
      for_good: isForGood,
      braze_reported: reported,
      unconfirmable,
    })),
  };
}

async function judge(
  stale: Stale,
  reported: number | null,
  context: ReconcileContext,
): Promise<Judged> {
  const { match } = stale;
  if (reported === null || reported === 0) {
    return { stale, reported, isConfirmed: false };
  }
  if (context.run.dryRun) return { stale, reported, isConfirmed: true };

  const isConfirmed = await context.dependencies.store.reconciliation
    .confirmByStatistics(match, reported, context.now());
  if (isConfirmed) {
    await context.writeLogs([{
      action: "confirmed_by_statistics",
      reason: `Braze counts ${reported} pushes, but no event was received`,
      matchId: match.matchId,
      details: {
        generation: match.generation,
        send_id: match.sendId,
        braze_reported: reported,
      },
    }]);
  }
  // False when the row is no longer pending, so it counts as confirmed here too.
  return { stale, reported, isConfirmed: true };
}
