/**
 * Adds up requests for the log, since the platform keeps 100 log events in 10 seconds and drops what is more.
 *
 * A request is written at once if no line of its kind was written within the last 10 seconds. Those in between are part of the
 * next line. What a burst leaves behind is written with the next request; the database counts every event at once.
 */
import type { Clock } from "../_shared/runtime/clock.ts";

const PAUSE_MS = 10_000;

type Counts = Readonly<Record<string, number>>;

interface Kind {
  lastMs: number;
  sums: Record<string, number>;
}

/** `write` gets the sums of all requests since the last line, and their number. */
export type SparingLog = (
  event: string,
  counts: Counts,
  write: (sums: { readonly requests: number } & Counts) => void,
) => void;

export function createSparingLog(clock: Clock): SparingLog {
  const kinds = new Map<string, Kind>();
  return (event, counts, write) => {
    const kind = kinds.get(event) ?? { lastMs: -Infinity, sums: {} };
    kinds.set(event, kind);
    for (const [name, count] of Object.entries({ requests: 1, ...counts })) {
      kind.sums[name] = (kind.sums[name] ?? 0) + count;
    }
    const nowMs = clock.now().getTime();
    if (nowMs - kind.lastMs < PAUSE_MS) return;
    write({ requests: 0, ...kind.sums });
    kind.lastMs = nowMs;
    kind.sums = {};
  };
}
