/** Computes when a refused message is sent again. Pure. */
import { addMilliseconds, max, min } from "date-fns";

const FIRST_PAUSE_MS = 60_000;
const PAUSE_MS_MAX = 3_600_000;
/** About two days of hourly tries. */
export const DELIVERY_ATTEMPTS_MAX = 50;

/** `attempts`: refusals so far. `retryAt`: the webhook's Retry-After, honoured up to one hour. */
export function nextTryAt(attempts: number, retryAt: Date | null, now: Date): Date {
  const latest = addMilliseconds(now, PAUSE_MS_MAX);
  if (retryAt !== null) return min([max([retryAt, now]), latest]);
  return min([addMilliseconds(now, FIRST_PAUSE_MS * 2 ** Math.min(attempts - 1, 10)), latest]);
}
