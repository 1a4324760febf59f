/** A file of events, as plain or gzip lines of JSON, or Avro: validates it, and reads its lines from any position. */
import { createHash } from "node:crypto";
import { gunzip, isGzip } from "../../supabase/functions/_shared/http/gunzip.ts";
import { StackFailure } from "../lib/failure.ts";
import { AVRO_MAGIC, readAvro } from "./avro.ts";
import { type Line, readLines, UnreadableRest } from "./lines.ts";

const HEAD_BYTES_MAX = 65_536;
const INSPECTED_LINES = 20;

/** The first bytes of other formats. */
const OTHER_KINDS: readonly (readonly [string, readonly number[]])[] = [
  ["Parquet", [0x50, 0x41, 0x52, 0x31]],
  ["a zip archive", [0x50, 0x4b, 0x03, 0x04]],
  ["Zstandard", [0x28, 0xb5, 0x2f, 0xfd]],
  ["bzip2", [0x42, 0x5a, 0x68]],
];

/** By the content, whatever the name is. */
export type Format = "plain" | "gzip" | "avro";

export interface Source {
  readonly path: string;
  readonly bytes: number;
  readonly format: Format;
  /** The number of bytes at the beginning of the file, and their digest. */
  readonly headBytes: number;
  readonly headSha256: string;
}

/** Refuses a file without events, and names the format that it seems to have. */
export async function openSource(path: string): Promise<Source> {
  const head = await readHead(path, HEAD_BYTES_MAX);
  const { size } = await Deno.stat(path);
  if (size === 0) throw refusal(path, "an empty file");
  const other = OTHER_KINDS.find(([, magic]) => begins(head, magic));
  if (other !== undefined) throw refusal(path, other[0]);
  const source: Source = {
    path,
    bytes: size,
    format: formatOf(head),
    headBytes: head.length,
    headSha256: sha256(head),
  };
  await inspectLines(source);
  return source;
}

/** The digest of the first `bytes` bytes, which shows whether a file is still the same. */
export async function headDigest(path: string, bytes: number): Promise<string> {
  return sha256(await readHead(path, bytes));
}

/**
 * The lines from a position on: in bytes of the unpacked text, or in records of Avro. A plain file is read from there,
 * others from their start.
 */
export async function* readLinesOf(source: Source, from: number): AsyncGenerator<Line> {
  const { path, format } = source;
  if (format === "avro") yield* readAvro(chunksOf(path, 0), path, from);
  else if (format === "gzip") yield* readLines(unpackedFrom(path, from), from);
  else yield* readLines(chunksOf(path, from), from);
}

async function* chunksOf(path: string, from: number): AsyncGenerator<Uint8Array> {
  const file = await Deno.open(path);
  await file.seek(from, Deno.SeekMode.Start);
  yield* file.readable;
}

async function* unpackedFrom(path: string, from: number): AsyncGenerator<Uint8Array> {
  let left = from;
  try {
    for await (const chunk of gunzip(chunksOf(path, 0))) {
      const skipped = Math.min(left, chunk.length);
      left -= skipped;
      if (skipped < chunk.length) yield chunk.subarray(skipped);
    }
  } catch (error) {
    if (!isGzipError(error)) throw error;
    // Lines read so far stay imported: with a complete file, the import continues from there.
    throw new UnreadableRest(
      `Cannot import ${path}: it must be complete gzip, got ${error.message}`,
    );
  }
}

function isGzipError(error: unknown): error is Error {
  return error instanceof Error && "code" in error && String(error.code).startsWith("Z_");
}

function formatOf(head: Uint8Array): Format {
  return isGzip(head) ? "gzip" : begins(head, AVRO_MAGIC) ? "avro" : "plain";
}

/** Accepts a file with at least one JSON object in its first lines; invalid lines become rejects later. */
async function inspectLines(source: Source): Promise<void> {
  let inspected = 0;
  let first = "";
  for await (const { bytes, isOpen } of readLinesOf(source, 0)) {
    const text = new TextDecoder().decode(bytes).trim();
    if (text === "") continue;
    first ||= text;
    if (isEventLike(text) || isOpen && text.startsWith("{")) return;
    if (++inspected === INSPECTED_LINES) break;
  }
  if (first === "") {
    throw refusal(source.path, source.format === "avro" ? "no record" : "only blank lines");
  }
  const hint = first.startsWith("[")
    ? "a JSON array; `jq -c '.[]'` converts it to lines"
    : excerpt(first);
  throw refusal(source.path, hint);
}

function isEventLike(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

function refusal(path: string, got: string): StackFailure {
  return new StackFailure(
    `Cannot import ${path}: it must hold one JSON object, a Currents event, on each line, or be Avro, got ${got}`,
  );
}

function excerpt(text: string): string {
  const clean = text.replaceAll(/[^\x20-\x7e]/g, "?");
  return clean.length <= 60 ? clean : `${clean.slice(0, 60)}…`;
}

async function readHead(path: string, bytes: number): Promise<Uint8Array> {
  try {
    using file = await Deno.open(path);
    const head = new Uint8Array(bytes);
    let length = 0;
    while (length < bytes) {
      const read = await file.read(head.subarray(length));
      if (read === null) break;
      length += read;
    }
    return head.subarray(0, length);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    throw new StackFailure(
      `Cannot import ${path}: it must be a readable file, got ${error.message}`,
    );
  }
}

function begins(bytes: Uint8Array, magic: readonly number[]): boolean {
  return magic.every((byte, index) => bytes[index] === byte);
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
