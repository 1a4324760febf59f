/**
 * Stops a run from changing Braze while Braze is ill.
 *
 * An ill Braze answers creates without saying what became of them, and each one that is unknown needs a person. After two
 * calls of one kind in a row without a clear answer, the rest of the run is left to the next one. A refusal is clear: it
 * concerns its match alone. An endpoint may be ill alone, so a success of another kind says nothing. After a run that was
 * stopped, one call without a clear answer is enough, and the endpoint of creates is tried with one that makes nothing.
 */
import type { BrazeClient } from "../_shared/braze/client.ts";
import type { CallResult, FailureReason } from "../_shared/braze/outcome.ts";

const ILL_IN_A_ROW_MAX = 2;
const ILL_AGAIN_MAX = 1;
const NOT_SENT: ReadonlySet<FailureReason> = new Set(["deadline", "invalid_request"]);

export interface Breaker {
  /** Null while Braze answers; afterwards, what it last answered. */
  readonly tripped: string | null;
  note(kind: string, result: CallResult<unknown>): void;
}

/** `wasIll`: the last run was stopped. */
export function createBreaker({ wasIll } = { wasIll: false }): Breaker {
  const inARowMax = wasIll ? ILL_AGAIN_MAX : ILL_IN_A_ROW_MAX;
  const inARow = new Map<string, number>();
  let tripped: string | null = null;
  return {
    get tripped() {
      return tripped;
    },
    note(kind, result) {
      // Nothing was sent, so nothing was learnt.
      if (result.outcome === "failed" && NOT_SENT.has(result.reason)) return;
      const illness = illnessOf(result);
      const count = illness === null ? 0 : (inARow.get(kind) ?? 0) + 1;
      inARow.set(kind, count);
      if (count >= inARowMax) tripped ??= illness;
    },
  };
}

/** What Braze said where it did not tell what became of a call, or was too busy to take it; null for a clear answer. */
export function illnessOf(result: CallResult<unknown>): string | null {
  if (result.outcome === "succeeded") return null;
  const isIll = result.outcome === "unknown" || result.reason === "rate_limited" ||
    result.reason === "not_connected";
  return isIll ? result.detail : null;
}

/** The client, with the breaker noting each call that changes a schedule. */
export function watched(braze: BrazeClient, breaker: Breaker): BrazeClient {
  const noting = <Args extends readonly unknown[], T>(
    kind: string,
    call: (...args: Args) => Promise<CallResult<T>>,
  ) =>
  async (...args: Args) => {
    const result = await call(...args);
    breaker.note(kind, result);
    return result;
  };
  return {
    ...braze,
    createSchedule: noting("create", braze.createSchedule),
    updateSchedule: noting("update", braze.updateSchedule),
    deleteSchedule: noting("delete", braze.deleteSchedule),
  };
}
