/**
 * Keeps creates within Braze's rate limits for sends to an audience: 250 per minute over all audiences and 10 per minute
 * for the same audience and campaign.
 *
 * It counts only the calls of this instance. Calls of others lead to a 429, which the client handles.
 */
import type { Clock } from "../runtime/clock.ts";

const PER_AUDIENCE_MAX = 10;
const OVERALL_MAX = 250;
/** One minute, plus one second for requests that arrive out of order. */
const WINDOW_MS = 61_000;

export interface Pacing {
  /** Waits for capacity and uses it. False, without using any, when the wait would pass the deadline. */
  admit(audienceKey: string, deadline: Date | null): Promise<boolean>;
}

export function createPacing(clock: Clock): Pacing {
  const overall: number[] = [];
  const byAudience = new Map<string, number[]>();

  return {
    async admit(audienceKey, deadline) {
      // Checked again after each wait, because another caller may have used the capacity.
      for (;;) {
        const nowMs = clock.now().getTime();
        for (const [key, times] of byAudience) {
          dropUntil(nowMs - WINDOW_MS, times);
          if (times.length === 0) byAudience.delete(key);
        }
        dropUntil(nowMs - WINDOW_MS, overall);

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

function dropUntil(timeMs: number, times: number[]): void {
  const first = times.findIndex((time) => time > timeMs);
  times.splice(0, first === -1 ? times.length : first);
}

/** When the window has capacity again. `times`: the calls inside the window, earliest first. */
function freeAt(times: readonly number[], max: number): number {
  const blocking = times[times.length - max];
  return blocking === undefined ? -Infinity : blocking + WINDOW_MS;
}
