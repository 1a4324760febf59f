/** Converts the result of a Braze call to its journal entry. Pure. */
import type { CallResult } from "../braze/outcome.ts";
import type { AttemptResult } from "../store/journal.ts";

export function attemptResult<T>(
  result: CallResult<T>,
  answer?: (value: T) => Readonly<Record<string, string | null>>,
): AttemptResult {
  return {
    // A refusal of the last try does not prove that an earlier try had no effect.
    outcome: result.outcome === "failed" && result.earlierUnknown ? "unknown" : result.outcome,
    httpStatus: result.httpStatus,
    detail: result.outcome === "succeeded"
      ? result.warnings.join("; ") || null
      : `${result.reason}: ${result.detail}`,
    answer: result.outcome === "succeeded"
      ? answer?.(result.value) ?? null
      : result.outcome === "unknown" && result.scheduleId !== undefined
      ? { schedule_id: result.scheduleId }
      : null,
    refused: isRefused(result),
  };
}

/** Braze answers 400 or 404 for an unknown schedule; other refusals concern the caller. */
export function isRefused<T>(result: CallResult<T>): boolean {
  return result.outcome === "failed" && result.reason === "rejected" &&
    (result.httpStatus === 400 || result.httpStatus === 404);
}

/** Not executed because of the deadline or a rate limit: the next run may retry. */
export function isDeferred<T>(result: CallResult<T>): boolean {
  return result.outcome === "failed" &&
    (result.reason === "deadline" || result.reason === "rate_limited");
}

/** Braze refuses the new time or does not know the schedule; a missing permission is no such refusal. */
export function isRefusedMove<T>(
  result: CallResult<T>,
): result is Extract<CallResult<T>, { outcome: "failed" }> {
  return result.outcome === "failed" && result.reason === "rejected" && !result.earlierUnknown &&
    result.httpStatus !== null && result.httpStatus >= 400 && result.httpStatus < 500 &&
    result.httpStatus !== 401 && result.httpStatus !== 403;
}
