/** Resolves attempts with an unknown outcome from Braze's listing, later attempts or events. */
import { ATTEMPT_UNKNOWN, attemptUnknown } from "../alerts.ts";
import { type PerScheduleListing, resolveUnknownAttempts } from "../decisions/unknown_attempts.ts";
import { countBy, type Report } from "../report.ts";
import type { ReconcileContext } from "../context.ts";

export async function resolveAttempts(
  context: ReconcileContext,
): Promise<Report> {
  const { dependencies: { store, environment }, run } = context;
  const listing = await context.observation();
  const { attempts, matches } = await context.known();
  const perSchedule: PerScheduleListing | null = listing.mode === "per_schedule"
    ? {
      sendAtById: new Map(
        listing.schedules.map((one) => [one.scheduleId, one.sendAt]),
      ),
      observedAt: listing.beganAt,
      until: listing.until,
    }
    : null;
  const now = context.now();
  const resolutions = resolveUnknownAttempts(
    attempts,
    matches,
    perSchedule,
    environment.horizonMs,
    now,
  );

  if (!run.dryRun) {
    const { schedules, attempts: resolved } = resolutions;
    if (schedules.length > 0 || resolved.length > 0) {
      await store.reconciliation.resolveUnknownAttempts(
        schedules,
        resolved,
        now,
      );
      context.forget();
    }
    await context.writeLogs(
      schedules.filter(({ effect }) => effect !== "missed").map((one) => ({
        action: "schedule_resolved",
        reason: `The delete was unconfirmed: the schedule is ${one.effect}`,
        matchId: matches.find(({ ledgerId }) => ledgerId === one.ledgerId)?.matchId ?? null,
        details: { generation: one.generation, found: one.effect },
      })),
    );
    await store.alertsAndLogs.syncAlerts({
      rules: [ATTEMPT_UNKNOWN],
      alerts: resolutions.unresolved.map(attemptUnknown),
    }, now);
  }
  const resolvedAs = resolutions.attempts.flatMap(({ resolvedAs }) => resolvedAs ?? []);
  return {
    status: "done",
    counts: {
      unknown: attempts.length,
      resolved: resolvedAs.length,
      unresolved: attempts.length - resolvedAs.length,
      alerted: resolutions.unresolved.length,
      ...countBy(resolvedAs),
      ...countBy(
        resolutions.schedules.map(({ effect }) => `schedule_${effect}`),
      ),
    },
    unresolved: resolutions.unresolved.map(({ attempt }) => ({
      attempt_id: attempt.attemptId,
      match_id: attempt.matchId,
      kind: attempt.kind,
      since: attempt.closedAt,
    })),
  };
}
