/** Decompresses gzip that may have several members, as `cat` and many log shippers write it, in little memory. */
import { pipeline, Readable } from "node:stream";
import { createGunzip, type ZlibOptions } from "node:zlib";

const MAGIC = [0x1f, 0x8b];
/** Deno 2.1 returns all output of what waits at once, up to 1,032 times its size; so one slice waits at a time. */
const SLICE_BYTES = 4_096;
/** An option of every stream that the types of node:zlib lack. */
const ONE_AT_A_TIME = { writableHighWaterMark: 1 } as ZlibOptions;

/** Whether `bytes` begin as gzip does. No JSON begins so. */
export function isGzip(bytes: Uint8Array): boolean {
  return MAGIC.every((byte, index) => bytes[index] === byte);
}

/**
 * Throws at what is not gzip, also behind the last member, and at an incomplete member. `DecompressionStream` reads
 * only one member, and Deno 2.1 ignores the output limit of node:zlib, so the reader counts what it gets.
 */
export function gunzip(
  chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): AsyncIterable<Uint8Array> {
  // The iterator throws what the callback would get.
  return pipeline(Readable.from(slicesOf(chunks)), createGunzip(ONE_AT_A_TIME), () => {});
}

async function* slicesOf(
  chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length; at += SLICE_BYTES) {
      yield chunk.subarray(at, at + SLICE_BYTES);
    }
  }
}
