import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { type Batch, batchesOf } from "../../../../local/import/batches.ts";
import { readLines } from "../../../../local/import/lines.ts";
import { bytes, text } from "../../../support/bodies.ts";

async function batches(...lines: readonly (string | Uint8Array)[]): Promise<Batch[]> {
  async function* content() {
    await Promise.resolve();
    for (const line of lines) {
      yield typeof line === "string" ? bytes(line) : line;
      yield bytes("\n");
    }
  }
  return await Array.fromAsync(batchesOf(readLines(content(), 0)));
}

const event = (index: number) => `{"id":${index}}`;
const many = (count: number) => Array.from({ length: count }, (_, index) => event(index));

Deno.test("batchesOf() puts a hundred lines into one body, unchanged", async () => {
  const found = await batches(...many(250));
  deepStrictEqual(found.map(({ lines }) => lines), [100, 100, 50]);
  strictEqual(text(found[2]!.body), `{"events":[${many(250).slice(200).join(",")}]}`);
  strictEqual(found[2]!.next, many(250).join("\n").length + 1);
});

Deno.test("batchesOf() sends a line that is not JSON alone and to the byte, in order", async () => {
  const odd = new Uint8Array([0x7b, 0x00, 0xff]);
  const found = await batches(event(1), "{half", event(2), odd, event(3));
  deepStrictEqual(found.map(({ body }) => text(body)), [
    '{"events":[{"id":1}]}',
    "{half",
    '{"events":[{"id":2}]}',
    text(odd),
    '{"events":[{"id":3}]}',
  ]);
  deepStrictEqual([...found[3]!.body], [...odd]);
  const places = found.map(({ next }) => next);
  deepStrictEqual(places, [...places].sort((a, b) => a - b));
});

Deno.test("batchesOf() keeps JSON that is not an event with the others, since the receiver separates it", async () => {
  const [only, ...more] = await batches(event(1), "[1]", '"text"');
  deepStrictEqual(more, []);
  strictEqual(text(only!.body), '{"events":[{"id":1},[1],"text"]}');
});

Deno.test("batchesOf() omits blank lines", async () => {
  const [only] = await batches("", event(1), "  ", event(2), "");
  deepStrictEqual([only?.lines, text(only!.body)], [2, '{"events":[{"id":1},{"id":2}]}']);
});

Deno.test("batchesOf() ends a body before it grows too large", async () => {
  const large = JSON.stringify({ id: "x".repeat(900_000) });
  deepStrictEqual((await batches(large, large, large)).map(({ lines }) => lines), [2, 1]);
});

Deno.test("batchesOf() writes numbers unchanged, however large", async () => {
  const [only] = await batches('{"id":12345678901234567890}');
  strictEqual(text(only!.body), '{"events":[{"id":12345678901234567890}]}');
});
