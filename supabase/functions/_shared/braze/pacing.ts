/**
 * Keeps creates within what Braze allows for sends to an audience: 250 a minute over all audiences and
 * 10 a minute for one and the same audience of one campaign.
 *
 * This knows only what this instance sent. What others sent shows as a 429, which the client honours.
 */
import type { Clock } from "../runtime/clock.ts";

const PER_AUDIENCE_MAX = 10;
const OVERALL_MAX = 250;
/** A minute, and a second for requests that travel faster than the ones before them. */
const WINDOW_MS = 61_000;

export interface Pacing {
  /** Waits for room and takes it. False, with nothing taken, when the wait would pass the deadline. */
  admit(audienceKey: string, deadline: Date | null): Promise<boolean>;
}

export function createPacing(clock: Clock): Pacing {
  const overall: number[] = [];
  const byAudience = new Map<string, number[]>();

  return {
    async admit(audienceKey, deadline) {
      // Asked anew after each wait: another caller may have taken the room meanwhile.
      for (;;) {
        const nowMs = clock.now().getTime();
        for (const [key, times] of byAudience) {
          anonymiseUntil(nowMs - WINDOW_MS, times);
          if (times.length === 0) byAudience.delete(key);
        }
        anonymiseUntil(nowMs - WINDOW_MS, overall);

        const ofAudience = byAudience.get(audienceKey) ?? [];
        const freeAtMs = Math.max(
          freeAt(ofAudience, PER_AUDIENCE_MAX),
          freeAt(overall, OVERALL_MAX),
        );
        if (freeAtMs <= nowMs) {
          overall.push(nowMs);
          byAudience.set(audienceKey, [...ofAudience, nowMs]);
          return true;
        }
        if (deadline !== null && freeAtMs >= deadline.getTime()) return false;
        await clock.sleep(freeAtMs - nowMs);
      }
    },
  };
}

function anonymiseUntil(timeMs: number, times: number[]): void {
  const kept = times.findIndex((time) => time > timeMs);
  times.splice(0, kept === -1 ? times.length : kept);
}

/** When the window has room again, given the times inside it, earliest first. */
function freeAt(times: readonly number[], max: number): number {
  const blocking = times[times.length - max];
  return blocking === undefined ? -Infinity : blocking + WINDOW_MS;
}
