/** Combines lines into request bodies. */
import type { Line } from "./lines.ts";

export const EVENTS_A_BATCH_MAX = 100;
const BATCH_BYTES_MAX = 2_000_000;

export interface Batch {
  readonly body: Uint8Array;
  readonly lines: number;
  /** Where to continue after it is stored. */
  readonly next: number;
}

/** A line that is not JSON is a body of its own, unchanged: it would make a whole batch invalid. */
export async function* batchesOf(lines: AsyncIterable<Line>): AsyncGenerator<Batch> {
  let open: string[] = [];
  let characters = 0;
  let next = 0;
  const closed = (): Batch[] => {
    if (open.length === 0) return [];
    const body = new TextEncoder().encode(`{"events":[${open.join(",")}]}`);
    const batch = { body, lines: open.length, next };
    [open, characters] = [[], 0];
    return [batch];
  };

  for await (const line of lines) {
    const text = jsonOf(line.bytes);
    if (text === null) {
      yield* closed();
      yield { body: line.bytes, lines: 1, next: line.next };
    } else if (text === "") {
      next = line.next;
      continue;
    } else {
      if (characters + text.length > BATCH_BYTES_MAX) yield* closed();
      open.push(text);
      characters += text.length;
    }
    next = line.next;
    if (open.length === EVENTS_A_BATCH_MAX) yield* closed();
  }
  yield* closed();
}

/** The line if it is JSON, "" if it is blank, otherwise null. */
function jsonOf(bytes: Uint8Array): string | null {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes).trim();
    if (text !== "") JSON.parse(text);
    return text;
  } catch {
    return null;
  }
}
