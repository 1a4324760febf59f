/** Reads the records of an Avro object container file, as Currents writes it to storage, as lines of JSON. */
import { Buffer } from "node:buffer";
import { crc32, inflateRawSync } from "node:zlib";
import avro from "avsc";
import { uncompress } from "snappyjs";
import { ExactNumber } from "../../supabase/functions/_shared/text/exact_json.ts";
import { type Line, UnreadableRest } from "./lines.ts";

export const AVRO_MAGIC = [0x4f, 0x62, 0x6a, 0x01];
/** Writers end a block after some 64 KB, or a few MB. */
const BLOCK_BYTES_MAX = 64_000_000;
const CHECKSUM_BYTES = 4;

/** A type with that of its values in TypeScript. */
interface Typed<Value> {
  readonly type: avro.Type;
  readonly values?: Value;
}

interface FileHead {
  readonly meta: Readonly<Record<string, Buffer>>;
  readonly sync: Buffer;
}

const HEADER: Typed<FileHead> = {
  type: avro.Type.forSchema({
    type: "record",
    name: "Header",
    fields: [
      { name: "magic", type: { type: "fixed", name: "Magic", size: AVRO_MAGIC.length } },
      { name: "meta", type: { type: "map", values: "bytes" } },
      { name: "sync", type: { type: "fixed", name: "Sync", size: 16 } },
    ],
  }),
};

const BLOCK: Typed<Block> = {
  type: avro.Type.forSchema({
    type: "record",
    name: "Block",
    fields: [
      { name: "count", type: "long" },
      { name: "data", type: "bytes" },
      { name: "sync", type: { type: "fixed", name: "BlockSync", size: 16 } },
    ],
  }),
};

/** Exact, where a double would round. */
const LONG = avro.types.LongType.__with({
  fromBuffer(bytes: Buffer) {
    const value = bytes.readBigInt64LE();
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : new ExactNumber(value.toString());
  },
  toBuffer: notWritten,
  fromJSON: notWritten,
  toJSON: notWritten,
  isValid: notWritten,
  compare: notWritten,
});

/** avsc wants methods for writing, too. */
function notWritten(): never {
  throw new Error("Avro is only read");
}

const CODECS: Readonly<Record<string, (data: Buffer) => Buffer>> = {
  null: (data) => data,
  deflate: (data) => inflateRawSync(data, { maxOutputLength: BLOCK_BYTES_MAX }),
  snappy(data) {
    const bytes = Buffer.from(uncompress(data.subarray(0, -CHECKSUM_BYTES), BLOCK_BYTES_MAX));
    if (crc32(bytes) !== data.readUInt32BE(data.length - CHECKSUM_BYTES)) {
      throw new Error("a block with a wrong checksum");
    }
    return bytes;
  },
};

/** What is wrong with a file's content. */
class BadAvro extends Error {}

/**
 * Positions count records. avsc's reader of files is not used: where a file is cut off, it ends without an error.
 */
export async function* readAvro(
  chunks: AsyncIterable<Uint8Array>,
  path: string,
  from: number,
): AsyncGenerator<Line> {
  let number = 0;
  try {
    for await (const record of recordsOf(chunks)) {
      if (++number <= from) continue;
      const bytes = new TextEncoder().encode(record());
      yield { bytes, number, next: number, isOpen: false };
    }
  } catch (error) {
    if (!(error instanceof BadAvro)) throw error;
    // Records read so far stay imported: with a complete file, the import continues from there.
    throw new UnreadableRest(
      `Cannot import ${path}: it must be complete Avro, got ${error.message} after ${number} records`,
    );
  }
}

/** Each record, to be written as JSON on demand. */
async function* recordsOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<() => string> {
  const file = { rest: Buffer.alloc(0) };
  let header: Header | null = null;
  for await (const chunk of chunks) {
    file.rest = Buffer.concat([file.rest, chunk]);
    header ??= takeHeader(file);
    if (header === null) continue;
    for (let block = take(BLOCK, file); block !== null; block = take(BLOCK, file)) {
      if (!header.sync.equals(block.sync)) {
        throw new BadAvro("a block that does not end as it must");
      }
      yield* recordsIn(block, header);
    }
    if (file.rest.length > BLOCK_BYTES_MAX) {
      throw new BadAvro(`a block of more than ${BLOCK_BYTES_MAX} bytes`);
    }
  }
  if (file.rest.length > 0 || header === null) throw new BadAvro("a part of a block");
}

interface Header {
  readonly type: avro.Type;
  readonly unpack: (data: Buffer) => Buffer;
  readonly sync: Buffer;
}

interface Block {
  readonly count: number;
  readonly data: Buffer;
  readonly sync: Buffer;
}

function takeHeader(file: { rest: Buffer }): Header | null {
  const header = take(HEADER, file);
  if (header === null) return null;
  const codec = header.meta["avro.codec"]?.toString() ?? "null";
  const unpack = Object.hasOwn(CODECS, codec) ? CODECS[codec] : undefined;
  if (unpack === undefined) {
    throw new BadAvro(`the codec ${codec} instead of ${Object.keys(CODECS).join(", ")}`);
  }
  try {
    const schema = JSON.parse(header.meta["avro.schema"]?.toString() ?? "");
    return {
      type: avro.Type.forSchema(schema, { registry: { long: LONG } }),
      unpack,
      sync: header.sync,
    };
  } catch (error) {
    throw new BadAvro(`an unreadable schema (${messageOf(error)})`);
  }
}

function* recordsIn({ count, data }: Block, { type, unpack }: Header): Generator<() => string> {
  let content: Buffer;
  try {
    content = unpack(data);
  } catch (error) {
    throw new BadAvro(`an unreadable block (${messageOf(error)})`);
  }
  let at = 0;
  for (let left = count; left > 0; left--) {
    const { value, offset } = decode(type, content, at);
    if (offset < 0) throw new BadAvro("a block with too few records");
    at = offset;
    yield () => JSON.stringify(value);
  }
  if (at < content.length) throw new BadAvro("a block with more than its records");
}

/** Takes one value from the beginning of what was read; null until it is complete. */
function take<Value>(type: Typed<Value>, file: { rest: Buffer }): Value | null {
  if (file.rest.length === 0) return null;
  const { value, offset } = decode(type.type, file.rest, 0);
  if (offset < 0) return null;
  file.rest = file.rest.subarray(offset);
  return value as Value;
}

function decode(type: avro.Type, bytes: Buffer, at: number): { value: unknown; offset: number } {
  try {
    return type.decode(bytes, at);
  } catch (error) {
    throw new BadAvro(`unreadable bytes (${messageOf(error)})`);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
