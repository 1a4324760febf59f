/** Combines events into request bodies. */
import type { ReadLine } from "./events.ts";

export const EVENTS_A_BATCH_MAX = 100;
const BATCH_BYTES_MAX = 2_000_000;

export interface Batch {
  readonly body: Uint8Array;
  /** How many lines are complete with it. */
  readonly lines: number;
  /** Where to continue after it is stored. */
  readonly next: number;
}

/**
 * A line that holds many events may be divided; until its last event is stored, an import continues before it.
 * A line that cannot be divided is a body of its own, unchanged: it would make a whole batch invalid.
 */
export async function* batchesOf(
  lines: AsyncIterable<ReadLine>,
  from: number,
): AsyncGenerator<Batch> {
  let open: string[] = [];
  let characters = 0;
  let complete = 0;
  let next = from;
  const closed = (): Batch[] => {
    if (open.length === 0) return [];
    const body = new TextEncoder().encode(`{"events":[${open.join(",")}]}`);
    const batch = { body, lines: complete, next };
    [open, characters, complete] = [[], 0, 0];
    return [batch];
  };

  for await (const line of lines) {
    if (line.events === null) {
      yield* closed();
      yield { body: line.bytes, lines: 1, next: line.next };
    }
    for (const event of line.events ?? []) {
      const isFull = open.length === EVENTS_A_BATCH_MAX;
      if (isFull || characters + event.length > BATCH_BYTES_MAX) yield* closed();
      open.push(event);
      characters += event.length;
    }
    next = line.next;
    if (line.events !== null && line.events.length > 0) complete++;
    if (open.length === EVENTS_A_BATCH_MAX) yield* closed();
  }
  yield* closed();
}
