import { Buffer } from "node:buffer";

const JSONB_OID = 3802;
const JSONB_VERSION = 1;
const HEADER_BYTES = 20;

/**
 * An array of JSON texts (UTF-8) in Postgres' binary form of `jsonb[]`: as text, each quotation mark would be escaped
 * here and unescaped there. Source: array_recv and jsonb_recv of Postgres.
 */
export function jsonbArray(texts: readonly Uint8Array[]): Buffer {
  const lengths = texts.reduce((sum, { byteLength }) => sum + byteLength, 0);
  const array = Buffer.alloc(HEADER_BYTES + 5 * texts.length + lengths);
  const [dimensions, hasNulls, lowerBound] = [1, 0, 1];
  [dimensions, hasNulls, JSONB_OID, texts.length, lowerBound]
    .forEach((field, index) => array.writeInt32BE(field, 4 * index));
  let at = HEADER_BYTES;
  for (const text of texts) {
    array.writeInt32BE(text.byteLength + 1, at);
    array[at + 4] = JSONB_VERSION;
    array.set(text, at + 5);
    at += 5 + text.byteLength;
  }
  return array;
}
