/**
 * Cancels one stray: journal, call, journal.
 *
 * The journal refuses what turns out to be the current, wanted schedule of a match: somebody settled it meanwhile.
 */
import { attemptResult, isDeferred, isRefused } from "../_shared/attempt_result.ts";
import { DatabaseError } from "../_shared/store/rpc.ts";
import type { Stray } from "./decisions/strays.ts";
import type { Scene } from "./scene.ts";

/** These are stored: never rename one. */
export type Cancelled =
  | "cancelled"
  /** Braze does not know it any more. */
  | "refused"
  | "failed"
  | "unknown"
  /** Turned away by Braze's limits: the next run does it. */
  | "deferred"
  | "overtaken";

export async function cancelStray(
  { entry, reason, why, echo, match }: Stray,
  { dependencies: { store, braze, newId }, run, now, writeLogs }: Scene,
): Promise<Cancelled> {
  const attemptId = newId();
  const request = { campaign_id: entry.campaignId, schedule_id: entry.scheduleId };
  const entryLog = {
    matchId: match?.matchId ?? echo.matchId,
    details: { ...request, why, send_at: entry.sendAt, attempt_id: attemptId },
  };
  try {
    await store.reconciliation.openStrayDelete({
      attemptId,
      lease: run.lease,
      brazeScheduleId: entry.scheduleId,
      ...echo,
      request,
      reason,
      now: now(),
    });
  } catch (error) {
    if (!isOvertaken(error)) throw error;
    await writeLogs([{ action: `${reason}_spared`, reason: error.message, ...entryLog }]);
    return "overtaken";
  }
  const result = await braze.deleteSchedule(
    { campaignId: entry.campaignId, scheduleId: entry.scheduleId },
    { deadline: run.deadline },
  );
  const attempt = attemptResult(result);
  await store.journal.close(attemptId, attempt, now());

  const cancelled: Cancelled = attempt.outcome === "succeeded"
    ? "cancelled"
    : attempt.outcome === "unknown"
    ? "unknown"
    : isDeferred(result)
    ? "deferred"
    : isRefused(result)
    ? "refused"
    : "failed";
  await writeLogs([{
    action: `${reason}_${cancelled}`,
    reason: attempt.detail ?? `Cancelled: ${why}`,
    ...entryLog,
  }]);
  return cancelled;
}

/** A lost lease ends the run; everything else that the journal refuses is about this schedule alone. */
function isOvertaken(error: unknown): error is DatabaseError {
  return error instanceof DatabaseError && error.status === 409 &&
    error.hint !== "lease_lost";
}
