import { deepStrictEqual, match, rejects, strictEqual } from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { openProgress } from "../../../../local/import/progress.ts";
import { openSource, readLinesOf } from "../../../../local/import/source.ts";
import { bytes, concat, text } from "../../../support/bodies.ts";

const LINES = '{"id":1}\n{"id":2}\n{"id":3}\n';

async function withFile(
  content: string | Uint8Array,
  test: (path: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    const path = `${folder}/events.jsonl`;
    await Deno.writeFile(path, typeof content === "string" ? bytes(content) : content);
    await test(path);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function contentFrom(path: string, from: number): Promise<string> {
  const lines = await Array.fromAsync(readLinesOf(await openSource(path), from));
  return lines.map((line) => `${text(line.bytes)}\n`).join("");
}

for (
  const [what, pack] of [
    ["plain", bytes],
    ["packed", (text: string) => gzipSync(text)],
    [
      "several times packed",
      (text: string) => concat(gzipSync(text.slice(0, 12)), gzipSync(text.slice(12))),
    ],
  ] as const
) {
  Deno.test(`readLinesOf() reads a ${what} file from any position`, () =>
    withFile(pack(LINES), async (path) => {
      for (const from of [0, 9, 18, 27]) {
        strictEqual(await contentFrom(path, from), LINES.slice(from));
      }
    }));
}

for (
  const [what, content, got] of [
    ["nothing", "", /got an empty file/],
    ["blank lines", "\n \n\n", /got only blank lines/],
    ["Parquet", "PAR1...", /got Parquet/],
    ["a zip archive", "PK\x03\x04...", /got a zip archive/],
    [
      "a JSON array",
      '[{"id":1},{"id":2}]',
      /got a JSON array; `jq -c '\.\[\]'` converts it to lines/,
    ],
    ["an array over many lines", '[\n  {\n    "id": 1\n  }\n]\n', /got a JSON array/],
    ["a table", "id,event_type\n1,send\n", /got id,event_type$/],
    ["packed text of another kind", gzipSync("id,event_type\n"), /got id,event_type$/],
  ] as const
) {
  Deno.test(`openSource() refuses ${what}, and states what it found`, () =>
    withFile(content, async (path) => {
      await rejects(openSource(path), (error: Error) => {
        match(
          error.message,
          /^Cannot import .*: it must hold one JSON object, .* on each line, or be Avro, got /,
        );
        match(error.message, got);
        return true;
      });
    }));
}

Deno.test("openSource() accepts a file whose first line is invalid, since others may be valid", () =>
  withFile(`half a li\n${LINES}`, async (path) => {
    strictEqual((await openSource(path)).bytes, 10 + LINES.length);
  }));

Deno.test("openSource() accepts a file whose first line is still being written", () =>
  withFile('{"id":', async (path) => {
    const lines = await Array.fromAsync(readLinesOf(await openSource(path), 0));
    deepStrictEqual(lines.map(({ isOpen }) => isOpen), [true]);
  }));

Deno.test("openSource() refuses a missing file and a folder", async () => {
  await rejects(
    openSource("/nowhere/at/all"),
    /Cannot import .*: it must be a readable file/,
  );
  await rejects(openSource("/tmp"), /Cannot import \/tmp: it must be a readable file/);
});

Deno.test("readLinesOf() reports a truncated compressed file", () =>
  withFile(gzipSync(LINES.repeat(10_000)).subarray(0, -20), async (path) => {
    await rejects(contentFrom(path, 0), /it must be complete gzip, got /);
  }));

const COUNTS = { lines: 2, received: 2, recorded: 2, duplicates: 0, rejected: 0 };

Deno.test("openProgress() starts at the beginning, and then continues where it stopped", () =>
  withFile(LINES, async (path) => {
    const first = await openProgress(await openSource(path));
    deepStrictEqual([first.start.offset, first.start.counts.lines], [0, 0]);
    await first.save({ offset: 18, counts: COUNTS });
    // More events were appended to the file since.
    await Deno.writeTextFile(path, '{"id":4}\n', { append: true });
    const second = await openProgress(await openSource(path));
    deepStrictEqual(second.start, { offset: 18, counts: COUNTS });
    await second.save({ offset: 27, counts: COUNTS });
    deepStrictEqual((await openProgress(await openSource(path))).start.offset, 27);
  }));

Deno.test("openProgress() refuses another file of that name, and a progress file that it did not write", () =>
  withFile(LINES, async (path) => {
    await (await openProgress(await openSource(path))).save({ offset: 18, counts: COUNTS });
    await Deno.writeTextFile(path, LINES.replace("1", "9"));
    await rejects(
      openProgress(await openSource(path)),
      /its beginning must be the same as when .*\.progress was written/,
    );
    await Deno.writeTextFile(`${path}.progress`, "{}");
    await rejects(
      openProgress(await openSource(path)),
      /\.progress must be what an earlier import wrote/,
    );
  }));
