/** Delivers the sandbox's requests to the receiver, and counts their results. */
import type { VirtualTimeline } from "../../local/clock/virtual_timeline.ts";
import type { Timeline } from "../../local/clock/timeline.ts";

export interface DeliveryWorker extends Timeline {
  /** Requests by result: a status, or `unreachable`. */
  readonly tally: ReadonlyMap<string, number>;
  /** Requests that were answered 2xx. */
  readonly acknowledged: number;
  readonly failed: number;
}

export function createDeliveryWorker(timeline: VirtualTimeline): DeliveryWorker {
  const tally = new Map<string, number>();
  let acknowledged = 0;
  let failed = 0;
  const note = (outcome: string, isGood: boolean) => {
    tally.set(outcome, (tally.get(outcome) ?? 0) + 1);
    if (isGood) acknowledged++;
    else failed++;
  };
  return {
    now: () => timeline.now(),
    sleep: (ms, signal) => timeline.sleep(ms, signal),
    at: (due, work) => timeline.at(due, work),
    waiting: (request, ms) => timeline.waiting(request, ms),
    fetch: async (input, init) => {
      try {
        const response = await timeline.fetch(input, init);
        note(String(response.status), response.ok);
        return response;
      } catch (error) {
        note("unreachable", false);
        throw error;
      }
    },
    tally,
    get acknowledged() {
      return acknowledged;
    },
    get failed() {
      return failed;
    },
  };
}
