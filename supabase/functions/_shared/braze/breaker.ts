/**
 * Stops a run from changing Braze while Braze is ill.
 *
 * An ill Braze answers creates without saying what became of them, and each one that is unknown needs a person. After two
 * calls in a row without a clear answer, the rest of the run is left to the next one. A refusal is clear: it concerns its
 * match alone.
 */
import type { BrazeClient } from "./client.ts";
import type { CallResult, FailureReason } from "./outcome.ts";

const ILL_IN_A_ROW_MAX = 2;
const NOT_SENT: ReadonlySet<FailureReason> = new Set(["deadline", "invalid_request"]);

export interface Breaker {
  /** Null while Braze answers; afterwards, what it last answered. */
  readonly tripped: string | null;
  note(result: CallResult<unknown>): void;
}

export function createBreaker(): Breaker {
  let inARow = 0;
  let tripped: string | null = null;
  return {
    get tripped() {
      return tripped;
    },
    note(result) {
      // Nothing was sent, so nothing was learnt.
      if (result.outcome === "failed" && NOT_SENT.has(result.reason)) return;
      inARow = isIll(result) ? inARow + 1 : 0;
      if (result.outcome !== "succeeded" && inARow >= ILL_IN_A_ROW_MAX) tripped ??= result.detail;
    },
  };
}

function isIll(result: CallResult<unknown>): boolean {
  if (result.outcome === "succeeded") return false;
  return result.outcome === "unknown" || result.reason === "rate_limited" ||
    result.reason === "not_connected";
}

/** The client, whose changing calls the breaker notes. */
export function watched(braze: BrazeClient, breaker: Breaker): BrazeClient {
  const noting = <Args extends readonly unknown[], T>(
    call: (...args: Args) => Promise<CallResult<T>>,
  ) =>
  async (...args: Args) => {
    const result = await call(...args);
    breaker.note(result);
    return result;
  };
  return {
    ...braze,
    createSchedule: noting(braze.createSchedule),
    updateSchedule: noting(braze.updateSchedule),
    deleteSchedule: noting(braze.deleteSchedule),
    createSendId: noting(braze.createSendId),
  };
}
