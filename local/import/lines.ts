/**
 * Reads the lines of a text one at a time, each with the position of the next one.
 *
 * A JSON object over several indented lines, as `avro-tools tojson --pretty` writes it, counts as one line.
 */
import { StackFailure } from "../lib/failure.ts";

/** braze-webhook accepts bodies up to 8 MB; one event has at most 900 KB. */
export const LINE_BYTES_MAX = 7_000_000;
const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const [SPACE, TAB, OBJECT, OBJECT_END] = [0x20, 0x09, 0x7b, 0x7d] as const;

export interface Line {
  readonly bytes: Uint8Array;
  /** Counted from 1 at the start of reading. */
  readonly number: number;
  /** The position of the next line. */
  readonly next: number;
  /** The text ends in it, without a newline or within an object: it may still be being written. */
  readonly isOpen: boolean;
}

/** A file is broken or incomplete behind the lines that were read. */
export class UnreadableRest extends StackFailure {
  override readonly name = "UnreadableRest";
}

export async function* readLines(
  chunks: AsyncIterable<Uint8Array>,
  from: number,
): AsyncGenerator<Line> {
  let object: Line[] = [];
  let length = 0;
  for await (const line of readSingleLines(chunks, from)) {
    const [first] = line.bytes;
    const isInner = object.length > 0 && (first === SPACE || first === TAB || first === OBJECT_END);
    if (!isInner) {
      // The lines before were no object.
      yield* object;
      [object, length] = [[], 0];
      if (first !== OBJECT || line.bytes.length > 1) {
        yield line;
        continue;
      }
    }
    object.push(line);
    length += line.bytes.length + 1;
    if (length > LINE_BYTES_MAX) throw tooLong(object[0]!.number, object[0]!.next);
    if (first === OBJECT_END) {
      yield asOne(object, line.isOpen);
      [object, length] = [[], 0];
    }
  }
  if (object.length > 0) yield asOne(object, true);
}

async function* readSingleLines(
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
      yield {
        bytes: withoutReturn(bytes.subarray(0, end)),
        number: ++number,
        next,
        isOpen: false,
      };
      bytes = bytes.subarray(end + 1);
    }
    if (bytes.length > LINE_BYTES_MAX) throw tooLong(number + 1, next);
    rest = bytes.slice();
  }
  if (rest.length > 0) {
    yield {
      bytes: withoutReturn(rest),
      number: number + 1,
      next: next + rest.length,
      isOpen: true,
    };
  }
}

function asOne(lines: readonly Line[], isOpen: boolean): Line {
  const bytes = lines.map((line) => line.bytes).reduce((all, line) =>
    joined(joined(all, new Uint8Array([NEWLINE])), line)
  );
  return { bytes, number: lines[0]!.number, next: lines.at(-1)!.next, isOpen };
}

function tooLong(number: number, from: number): StackFailure {
  return new StackFailure(
    `Cannot import line ${number} (from byte ${from}): it must be at most ${LINE_BYTES_MAX} bytes long`,
  );
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  if (a.length === 0) return new Uint8Array(b);
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

function withoutReturn(line: Uint8Array): Uint8Array {
  return line.at(-1) === CARRIAGE_RETURN ? line.subarray(0, -1) : line;
}
