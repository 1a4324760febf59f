/** Settles calls whose outcome was never heard, where Braze's list, later calls or events show it. */
import { ATTEMPT_UNKNOWN, attemptUnknown } from "../alerts.ts";
import { settleUnknown, type TellingListing } from "../decisions/unknown_attempts.ts";
import { countBy, type Report } from "../report.ts";
import type { Scene } from "../scene.ts";

export async function settleAttempts(scene: Scene): Promise<Report> {
  const { dependencies: { store, environment }, run } = scene;
  const { attempts, matches } = await scene.known();
  const { listing, until } = await scene.listed();
  const telling: TellingListing | null = listing.mode === "per_schedule"
    ? {
      sendAtById: new Map(
        listing.schedules.map((one) => [one.scheduleId, one.sendAt]),
      ),
      until,
    }
    : null;
  const now = scene.now();
  const settling = settleUnknown(attempts, matches, telling, environment.horizonMs, now);

  if (!run.dryRun) {
    const { schedules, attempts: settled } = settling;
    if (schedules.length > 0 || settled.length > 0) {
      await store.reconciliation.settleUnknown(schedules, settled, now);
      scene.forget();
    }
    await scene.writeLogs(
      schedules.filter(({ effect }) => effect !== "missed").map((one) => ({
        action: "schedule_settled",
        reason: `A delete that was not confirmed: the schedule is ${one.effect}`,
        matchId: matches.find(({ ledgerId }) => ledgerId === one.ledgerId)?.matchId ?? null,
        details: { generation: one.generation, found: one.effect },
      })),
    );
    await store.notices.settleAlerts({
      rules: [ATTEMPT_UNKNOWN],
      alerts: settling.unsettled.map(attemptUnknown),
    }, now);
  }
  const settledAs = settling.attempts.flatMap(({ settledAs }) => settledAs ?? []);
  return {
    status: "done",
    counts: {
      unknown: attempts.length,
      settled: settledAs.length,
      unsettled: attempts.length - settledAs.length,
      alerted: settling.unsettled.length,
      ...countBy(settledAs),
      ...countBy(settling.schedules.map(({ effect }) => `schedule_${effect}`)),
    },
    unsettled: settling.unsettled.map(({ attempt }) => ({
      attempt_id: attempt.attemptId,
      match_id: attempt.matchId,
      kind: attempt.kind,
      since: attempt.closedAt,
    })),
  };
}
