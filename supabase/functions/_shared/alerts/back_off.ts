/** When a message that was refused is tried again. Pure. */
import { addMilliseconds, max, min } from "date-fns";

const FIRST_PAUSE_MS = 60_000;
const PAUSE_MS_MAX = 3_600_000;
/** Some two days of hourly tries: by then somebody has looked, or nobody reads there. */
export const DELIVERY_ATTEMPTS_MAX = 50;

/** `attempts`: how often it was refused by now. What the webhook itself asks for counts, within reason. */
export function nextTryAt(attempts: number, retryAt: Date | null, now: Date): Date {
  const latest = addMilliseconds(now, PAUSE_MS_MAX);
  if (retryAt !== null) return min([max([retryAt, now]), latest]);
  return min([addMilliseconds(now, FIRST_PAUSE_MS * 2 ** Math.min(attempts - 1, 10)), latest]);
}
