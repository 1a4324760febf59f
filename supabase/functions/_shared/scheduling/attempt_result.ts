/** What the journal is told of a call to Braze. Pure. */
import type { CallResult } from "../braze/outcome.ts";
import type { AttemptResult } from "../store/journal.ts";

export function attemptResult<T>(
  result: CallResult<T>,
  answer?: (value: T) => Readonly<Record<string, string | null>>,
): AttemptResult {
  return {
    // A refusal of the last try says nothing of an earlier one that may have been carried out.
    outcome: result.outcome === "failed" && result.earlierUnknown ? "unknown" : result.outcome,
    httpStatus: result.httpStatus,
    detail: result.outcome === "succeeded"
      ? result.warnings.join("; ") || null
      : `${result.reason}: ${result.detail}`,
    answer: result.outcome === "succeeded" && answer !== undefined ? answer(result.value) : null,
    refused: isRefused(result),
  };
}

/** Braze answers 400 or 404 for a schedule that it does not know; other refusals are about the caller. */
export function isRefused<T>(result: CallResult<T>): boolean {
  return result.outcome === "failed" && result.reason === "rejected" &&
    (result.httpStatus === 400 || result.httpStatus === 404);
}

/** Turned away before Braze did anything: the next run may try again. */
export function isDeferred<T>(result: CallResult<T>): boolean {
  return result.outcome === "failed" &&
    (result.reason === "deadline" || result.reason === "rate_limited");
}
