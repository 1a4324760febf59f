/** Settles calls whose outcome was never heard, where Braze's list, later calls or events show it. */
import { ATTEMPT_UNKNOWN, attemptUnknown } from "../alerts.ts";
import { type PerScheduleListing, resolveUnknownAttempts } from "../decisions/unknown_attempts.ts";
import { countBy, type Report } from "../report.ts";
import type { ReconcileContext } from "../context.ts";

export async function resolveAttempts(context: ReconcileContext): Promise<Report> {
  const { dependencies: { store, environment }, run } = context;
  const { attempts, matches } = await context.known();
  const { listing, until } = await context.listed();
  const telling: PerScheduleListing | null = listing.mode === "per_schedule"
    ? {
      sendAtById: new Map(
        listing.schedules.map((one) => [one.scheduleId, one.sendAt]),
      ),
      until,
    }
    : null;
  const now = context.now();
  const settling = resolveUnknownAttempts(attempts, matches, telling, environment.horizonMs, now);

  if (!run.dryRun) {
    const { schedules, attempts: settled } = settling;
    if (schedules.length > 0 || settled.length > 0) {
      await store.reconciliation.resolveUnknownAttempts(schedules, settled, now);
      context.forget();
    }
    await context.writeLogs(
      schedules.filter(({ effect }) => effect !== "missed").map((one) => ({
        action: "schedule_resolved",
        reason: `A delete that was not confirmed: the schedule is ${one.effect}`,
        matchId: matches.find(({ ledgerId }) => ledgerId === one.ledgerId)?.matchId ?? null,
        details: { generation: one.generation, found: one.effect },
      })),
    );
    await store.alertsAndLogs.syncAlerts({
      rules: [ATTEMPT_UNKNOWN],
      alerts: settling.unsettled.map(attemptUnknown),
    }, now);
  }
  const resolvedAs = settling.attempts.flatMap(({ resolvedAs }) => resolvedAs ?? []);
  return {
    status: "done",
    counts: {
      unknown: attempts.length,
      settled: resolvedAs.length,
      unsettled: attempts.length - resolvedAs.length,
      alerted: settling.unsettled.length,
      ...countBy(resolvedAs),
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
