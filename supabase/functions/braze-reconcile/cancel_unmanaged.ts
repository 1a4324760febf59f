/**
 * Cancels one unmanaged schedule: open the journal entry, call Braze, close the journal entry.
 *
 * The journal refuses the delete when the schedule has meanwhile become the current schedule of a match.
 */
import { attemptResult, isDeferred, isRefused } from "../_shared/scheduling/attempt_result.ts";
import { DatabaseError } from "../_shared/store/rpc.ts";
import type { UnmanagedSchedule } from "./decisions/unmanaged_schedules.ts";
import type { ReconcileContext } from "./context.ts";

/** Stored in logs and run summaries: never rename a value. */
export type Cancelled =
  | "cancelled"
  /** Braze no longer knows the schedule. */
  | "refused"
  | "failed"
  | "unknown"
  /** Refused by Braze's rate limits: the next run retries. */
  | "deferred"
  | "conflict";

export async function cancelUnmanaged(
  { entry, reason, why, echo, match }: UnmanagedSchedule,
  { dependencies: { store, braze, newId }, run, now, writeLogs }: ReconcileContext,
): Promise<Cancelled> {
  const attemptId = newId();
  const request = {
    campaign_id: entry.campaignId,
    schedule_id: entry.scheduleId,
  };
  const entryLog = {
    matchId: match?.matchId ?? echo.matchId,
    details: { ...request, why, send_at: entry.sendAt, attempt_id: attemptId },
  };
  try {
    await store.reconciliation.openUnmanagedDelete({
      attemptId,
      lease: run.lease,
      brazeScheduleId: entry.scheduleId,
      ...echo,
      request,
      reason,
      now: now(),
    });
  } catch (error) {
    if (!isConflict(error)) throw error;
    await writeLogs([{
      action: `${reason}_spared`,
      reason: error.message,
      ...entryLog,
    }]);
    return "conflict";
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

/** A lost lease ends the run; any other refusal by the journal concerns this schedule alone. */
function isConflict(error: unknown): error is DatabaseError {
  return error instanceof DatabaseError && error.status === 409 &&
    error.hint !== "lease_lost";
}
