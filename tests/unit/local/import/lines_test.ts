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
    deepStrictEqual(lines.map(({ number, next, isOpen }) => [number, next, isOpen]), [
      [1, 12, false],
      [2, 13, false],
      [3, 21, false],
      [4, 25, true],
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

const OBJECT = '{\n  "a" : {\n    "string" : "b"\n  }\n}';

for (const size of [1, 7, 1_000]) {
  Deno.test(`readLines() reads an object over many lines as one, in pieces of ${size} bytes`, async () => {
    const lines = await linesOf(`{"c":1}\n${OBJECT}\n${OBJECT}\r\n{"d":1}\n`, size);
    deepStrictEqual(lines.map((line) => text(line.bytes)), ['{"c":1}', OBJECT, OBJECT, '{"d":1}']);
    deepStrictEqual(lines.map(({ number, next, isOpen }) => [number, next, isOpen]), [
      [1, 8, false],
      [2, 9 + OBJECT.length, false],
      [7, 11 + 2 * OBJECT.length, false],
      [12, 19 + 2 * OBJECT.length, false],
    ]);
  });
}

Deno.test("readLines() does not let a brace alone swallow the events behind it", async () => {
  const lines = await linesOf('{\n{"a":1}\n{\n  half\n{"b":2}\n', 5);
  deepStrictEqual(lines.map((line) => text(line.bytes)), [
    "{",
    '{"a":1}',
    "{",
    "  half",
    '{"b":2}',
  ]);
});

Deno.test("readLines() knows that an object is open until its last brace", async () => {
  for (
    const [end, isOpen] of [["", true], ["\n", true], ["\n}", true], ["\n}\n", false]] as const
  ) {
    const lines = await linesOf(`{\n  "a": 1${end}`, 5);
    deepStrictEqual(lines.map((line) => line.isOpen), [isOpen]);
  }
});

Deno.test("readLines() refuses an object without an end, before it fills memory", async () => {
  async function* endless() {
    yield bytes("{\n");
    for (;;) {
      await Promise.resolve();
      yield bytes(`  ${"x".repeat(99_997)}\n`);
    }
  }
  await rejects(
    Array.fromAsync(readLines(endless(), 0)),
    /Cannot import line 1 .* at most 7000000/,
  );
});
