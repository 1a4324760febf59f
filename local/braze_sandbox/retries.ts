/** When Braze retries a delivery: the documented rules of the webhook channel and of Currents. */
import type { Prng } from "../lib/prng.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

const WEBHOOK_RETRIES_MAX = 5;
const WEBHOOK_UNREACHABLE_MS_MAX = 24 * HOUR_MS;
const WEBHOOK_WAIT_MS_MAX = HOUR_MS;

const CURRENTS_WAIT_MS_MIN = 5_000;
const CURRENTS_WAIT_MS_MAX = 15 * MINUTE_MS;
const CURRENTS_TROUBLE_MS_MAX = 5 * 24 * HOUR_MS;

export type Outcome =
  | { readonly status: number; readonly retryAfterMs?: number }
  /** No connection. */
  | "unreachable"
  /** A connection, but no answer in time. */
  | "timeout";

export interface Attempt {
  readonly outcome: Outcome;
  /** The number of attempts, including this one. */
  readonly attempts: number;
  readonly events: number;
  readonly elapsedMs: number;
  readonly prng: Prng;
}

export type Next =
  | { readonly next: "done" }
  | { readonly next: "drop" }
  | { readonly next: "again"; readonly waitMs: number }
  /** The batch is sent again at once, in parts of `size`. */
  | { readonly next: "split"; readonly size: number };

/**
 * 408, 429 and 5xx: up to five retries, after 1, 2, 4, 8 and 15 minutes (about 30 in total). Other codes: no retry. An
 * unreachable endpoint is retried for 24 hours.
 */
export function afterWebhook({ outcome, attempts, elapsedMs }: Attempt): Next {
  const backoffMs = MINUTE_MS * 2 ** (attempts - 1);
  if (outcome === "unreachable") {
    const waitMs = Math.min(backoffMs, WEBHOOK_WAIT_MS_MAX);
    if (elapsedMs + waitMs > WEBHOOK_UNREACHABLE_MS_MAX) return { next: "drop" };
    return { next: "again", waitMs };
  }
  if (outcome !== "timeout" && isSuccess(outcome.status)) return { next: "done" };
  const isRetried = outcome === "timeout" || outcome.status === 408 || outcome.status === 429 ||
    outcome.status >= 500;
  if (!isRetried || attempts > WEBHOOK_RETRIES_MAX) return { next: "drop" };
  const askedMs = outcome === "timeout" ? 0 : outcome.retryAfterMs ?? 0;
  return { next: "again", waitMs: Math.max(askedMs, Math.min(backoffMs, 15 * MINUTE_MS)) };
}

/**
 * 400 splits the batch into single events, and drops a single event that gets 400 again; 413 halves the batch; 401, 403
 * and 404 are configuration errors and are not retried; any other outcome is retried with exponential back-off and
 * jitter, for five days.
 */
export function afterCurrents({ outcome, attempts, events, elapsedMs, prng }: Attempt): Next {
  if (typeof outcome !== "string") {
    const { status } = outcome;
    if (isSuccess(status)) return { next: "done" };
    if (status === 401 || status === 403 || status === 404) return { next: "drop" };
    if (status === 400) return events > 1 ? { next: "split", size: 1 } : { next: "drop" };
    if (status === 413) {
      return events > 1 ? { next: "split", size: Math.ceil(events / 2) } : { next: "drop" };
    }
  }
  const backoffMs = Math.min(CURRENTS_WAIT_MS_MIN * 2 ** (attempts - 1), CURRENTS_WAIT_MS_MAX);
  const waitMs = Math.round(backoffMs * (0.5 + prng.next()));
  if (elapsedMs + waitMs > CURRENTS_TROUBLE_MS_MAX) return { next: "drop" };
  return { next: "again", waitMs };
}

function isSuccess(status: number): boolean {
  return status >= 200 && status < 300;
}
