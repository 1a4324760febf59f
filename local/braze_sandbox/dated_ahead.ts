/** How far in the future an event is dated: a device's clock may be hours wrong. */
import type { Prng } from "../lib/prng.ts";
import type { Switches } from "./switches.ts";

const HOURS_MAX = 6;

/** Seconds, 0 for most events. */
export type DatedAhead = () => number;

export function datedAhead({ datedAheadProbability }: Switches, prng: Prng): DatedAhead {
  // A stream of its own: it changes no other number of the send.
  const own = prng.fork("dated ahead");
  return () => own.chance(datedAheadProbability) ? 3_600 * (1 + own.below(HOURS_MAX)) : 0;
}
