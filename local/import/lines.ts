/**
 * Reads the lines of a file one at a time, each with the position of the next one.
 *
 * Positions count bytes of the unpacked text: a plain file is read from there, a packed one is unpacked from its start.
 */
import { StackFailure } from "../lib/failure.ts";

/** braze-webhook accepts bodies up to 8 MB; one event has at most 900 KB. */
export const LINE_BYTES_MAX = 7_000_000;
const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;

export interface Line {
  readonly bytes: Uint8Array;
  /** Counted from 1 at the start of reading. */
  readonly number: number;
  /** The position of the next line. */
  readonly next: number;
}

export async function* readLines(
  chunks: AsyncIterable<Uint8Array>,
  from: number,
): AsyncGenerator<Line> {
  let rest = new Uint8Array();
  let next = from;
  let number = 0;
  for await (const chunk of chunks) {
    let bytes = joined(rest, chunk);
    for (let end = bytes.indexOf(NEWLINE); end !== -1; end = bytes.indexOf(NEWLINE)) {
      next += end + 1;
      yield { bytes: withoutReturn(bytes.subarray(0, end)), number: ++number, next };
      bytes = bytes.subarray(end + 1);
    }
    if (bytes.length > LINE_BYTES_MAX) {
      throw new StackFailure(
        `Cannot import line ${
          number + 1
        } (from byte ${next}): it must be at most ${LINE_BYTES_MAX} bytes long`,
      );
    }
    rest = bytes.slice();
  }
  if (rest.length > 0) {
    yield { bytes: withoutReturn(rest), number: number + 1, next: next + rest.length };
  }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  if (a.length === 0) return b;
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

function withoutReturn(line: Uint8Array): Uint8Array {
  return line.at(-1) === CARRIAGE_RETURN ? line.subarray(0, -1) : line;
}
