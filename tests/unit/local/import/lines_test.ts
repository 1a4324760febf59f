import { deepStrictEqual, rejects } from "node:assert/strict";
import { type Line, LINE_BYTES_MAX, readLines } from "../../../../local/import/lines.ts";
import { bytes, text } from "../../../support/bodies.ts";

async function* chunked(content: Uint8Array, size: number) {
  await Promise.resolve();
  for (let at = 0; at < content.length; at += size) yield content.subarray(at, at + size);
}

async function linesOf(content: string, size: number, from = 0): Promise<Line[]> {
  return await Array.fromAsync(readLines(chunked(bytes(content), size), from));
}

const CONTENT = '{"a":"é"}\r\n\n{"b":2}\nlast';

for (const size of [1, 2, 7, 1_000]) {
  Deno.test(`readLines() finds the same lines in pieces of ${size} bytes`, async () => {
    const lines = await linesOf(CONTENT, size);
    deepStrictEqual(lines.map((line) => text(line.bytes)), ['{"a":"é"}', "", '{"b":2}', "last"]);
    deepStrictEqual(lines.map(({ number, next }) => [number, next]), [
      [1, 12],
      [2, 13],
      [3, 21],
      [4, 25],
    ]);
  });
}

Deno.test("readLines() continues from any position that it returned, and finds the rest", async () => {
  const all = await linesOf(CONTENT, 5);
  for (const [index, { next }] of all.entries()) {
    const rest = bytes(CONTENT).subarray(next);
    const lines = await Array.fromAsync(readLines(chunked(rest, 5), next));
    deepStrictEqual(lines.map((line) => line.next), all.slice(index + 1).map((line) => line.next));
  }
});

Deno.test("readLines() finds no line in an empty file, and no empty line after the last", async () => {
  deepStrictEqual(await linesOf("", 5), []);
  deepStrictEqual((await linesOf("a\n", 5)).length, 1);
});

Deno.test("readLines() refuses a line without an end, before it fills memory", async () => {
  let read = 0;
  async function* endless() {
    const chunk = new Uint8Array(1_000_000).fill(120);
    for (;; read += chunk.length) {
      await Promise.resolve();
      yield chunk;
    }
  }
  await rejects(
    Array.fromAsync(readLines(endless(), 0)),
    /Cannot import line 1 .* at most 7000000 bytes/,
  );
  deepStrictEqual(read <= LINE_BYTES_MAX + 2_000_000, true);
});
