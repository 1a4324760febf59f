import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { type Batch, batchesOf } from "../../../../local/import/batches.ts";
import { readEvents } from "../../../../local/import/events.ts";
import { readLines } from "../../../../local/import/lines.ts";
import { bytes, text } from "../../../support/bodies.ts";

const KIND = { eventType: "users.messages.pushnotification.Send", statedBy: "the path" } as const;
const FILE = { path: "events.jsonl", kind: KIND };

async function batches(...lines: readonly (string | Uint8Array)[]): Promise<Batch[]> {
  async function* content() {
    await Promise.resolve();
    for (const line of lines) {
      yield typeof line === "string" ? bytes(line) : line;
      yield bytes("\n");
    }
  }
  return await Array.fromAsync(batchesOf(readEvents(readLines(content(), 0), FILE, fail), 0));
}

function fail(): never {
  throw new Error("No line is open");
}

const event = (index: number) => `{"event_type":"${KIND.eventType}","id":${index}}`;
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
    `{"events":[${event(1)}]}`,
    "{half",
    `{"events":[${event(2)}]}`,
    text(odd),
    `{"events":[${event(3)}]}`,
  ]);
  deepStrictEqual([...found[3]!.body], [...odd]);
  const places = found.map(({ next }) => next);
  deepStrictEqual(places, [...places].sort((a, b) => a - b));
});

Deno.test("batchesOf() keeps JSON that is not an event with the others, since the receiver separates it", async () => {
  const [only, ...more] = await batches(event(1), "[1]", '"text"');
  deepStrictEqual(more, []);
  strictEqual(text(only!.body), `{"events":[${event(1)},[1],"text"]}`);
});

Deno.test("batchesOf() omits blank lines", async () => {
  const [only] = await batches("", event(1), "  ", event(2), "");
  deepStrictEqual([only?.lines, text(only!.body)], [
    2,
    `{"events":[${many(3).slice(1).join(",")}]}`,
  ]);
});

Deno.test("batchesOf() ends a body before it grows too large", async () => {
  const large = JSON.stringify({ id: "x".repeat(900_000) });
  deepStrictEqual((await batches(large, large, large)).map(({ lines }) => lines), [2, 1]);
});

Deno.test("batchesOf() divides a line that holds a whole request, and continues before it until all is stored", async () => {
  const request = `{"events":[${many(250).join(",")}]}`;
  const found = await batches(event(1), request, event(2));
  const [first, second] = [event(1).length + 1, request.length + 1];
  deepStrictEqual(found.map(({ lines, next }) => [lines, next]), [
    [1, first],
    [0, first],
    [2, first + second + event(2).length + 1],
  ]);
  const bodies = found.map(({ body }) => JSON.parse(text(body)).events.map(JSON.stringify));
  deepStrictEqual(bodies.flat(), [event(1), ...many(250), event(2)]);
});

Deno.test("batchesOf() continues from where it started if its first line is divided", async () => {
  const lines = [{ events: many(150), bytes: bytes(""), next: 900 }];
  async function* content() {
    await Promise.resolve();
    yield* lines;
  }
  const found = await Array.fromAsync(batchesOf(content(), 70));
  deepStrictEqual(found.map(({ lines, next }) => [lines, next]), [[0, 70], [1, 900]]);
});
