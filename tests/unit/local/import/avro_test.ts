import { deepStrictEqual, match, ok, rejects } from "node:assert/strict";
import { readAvro } from "../../../../local/import/avro.ts";
import { avroFile, SEND_SCHEMA } from "../../../support/avro.ts";
import { concat, text } from "../../../support/bodies.ts";

const send = (index: number) => ({
  id: `event-${index}`,
  user_id: "braze-1",
  external_user_id: index % 2 === 0 ? "ü" : null,
  app_id: "app",
  time: 1_733_580_023,
  campaign_id: null,
  canvas_id: null,
  send_id: null,
  dispatch_id: "dispatch",
  device_id: null,
  ad_tracking_enabled: true,
  message_extras: null,
});
const SENDS = Array.from({ length: 25 }, (_, index) => send(index));

async function* chunked(content: Uint8Array, size: number) {
  await Promise.resolve();
  for (let at = 0; at < content.length; at += size) yield content.subarray(at, at + size);
}

async function read(content: Uint8Array, from = 0, size = 1_000): Promise<string[]> {
  const lines = readAvro(chunked(content, size), "FILE", from);
  return await Array.fromAsync(lines, (line) => text(line.bytes));
}

for (const codec of [null, "null", "deflate", "snappy"] as const) {
  Deno.test(`readAvro() reads all records of blocks with the codec ${codec}, in any pieces`, async () => {
    const file = avroFile(SEND_SCHEMA, SENDS, { codec, aBlock: 10 });
    for (const size of [1, 100, 1_000_000]) {
      deepStrictEqual((await read(file, 0, size)).map((line) => JSON.parse(line)), SENDS);
    }
  });
}

Deno.test("readAvro() continues from any record", async () => {
  const file = avroFile(SEND_SCHEMA, SENDS, { aBlock: 10 });
  for (const from of [0, 1, 10, 24, 25]) {
    const ids = (await read(file, from)).map((line) => JSON.parse(line).id);
    deepStrictEqual(ids, SENDS.slice(from).map(({ id }) => id));
  }
});

Deno.test("readAvro() writes every number exactly", async () => {
  const schema = {
    type: "record",
    name: "Numbers",
    fields: [{ name: "a", type: "long" }, { name: "b", type: ["null", "long"] }],
  };
  const [one, other] = [9_007_199_254_740_990, -1];
  deepStrictEqual(await read(avroFile(schema, [{ a: one, b: other }])), [
    `{"a":${one},"b":${other}}`,
  ]);
  const file = avroFile(schema, [{ a: 1, b: null }]);
  // The greatest long, as Avro writes it, in place of 1.
  const at = file.length - 16 - 2;
  const greatest = [0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
  const larger = concat(
    file.subarray(0, at - 1),
    new Uint8Array([2 * 11, ...greatest]),
    file.subarray(at + 1),
  );
  deepStrictEqual(await read(larger), ['{"a":9223372036854775807,"b":null}']);
});

Deno.test("readAvro() marks the branch of a union whose branches look alike, as Avro's own JSON does", async () => {
  const schema = { type: "record", name: "A", fields: [{ name: "a", type: ["int", "double"] }] };
  deepStrictEqual(await read(avroFile(schema, [{ a: { double: 1.5 } }, { a: { int: 2 } }])), [
    '{"a":{"double":1.5}}',
    '{"a":{"int":2}}',
  ]);
});

Deno.test("readAvro() reports a file that is cut off, wherever it is, after the whole blocks before it", async () => {
  const file = avroFile(SEND_SCHEMA, SENDS, { aBlock: 10 });
  for (let end = 4; end < file.length; end++) {
    let records = 0;
    try {
      for await (const _ of readAvro(chunked(file.subarray(0, end), 1_000), "FILE", 0)) records++;
      // Blocks are complete in themselves: nothing shows that others follow.
      ok([0, 10, 20].includes(records), `${records} records of ${end} bytes`);
    } catch (error) {
      match(
        String(error),
        /Cannot import FILE: it must be complete Avro, got a part of a block after \d+ records/,
      );
    }
  }
});

for (
  const [what, change, got] of [
    ["codec", (file: Uint8Array) => replaced(file, "deflate", "unknown"), /got the codec unknown/],
    [
      "schema",
      (file: Uint8Array) => replaced(file, '"record"', '"rekord"'),
      /an unreadable schema/,
    ],
    [
      "content",
      (file: Uint8Array) => file.with(file.length - 30, file.at(-30)! ^ 0xff),
      /an unreadable block|a block with|unreadable bytes/,
    ],
    [
      "end of a block",
      (file: Uint8Array) => file.with(file.length - 1, file.at(-1)! ^ 0xff),
      /a block that does not end as it must/,
    ],
  ] as const
) {
  Deno.test(`readAvro() refuses a file with another ${what}`, async () => {
    const file = change(avroFile(SEND_SCHEMA, SENDS, { codec: "deflate", aBlock: 10 }));
    await rejects(read(file), got);
  });
}

Deno.test("readAvro() finds a wrong byte in a snappy block by its checksum", async () => {
  const file = avroFile(SEND_SCHEMA, SENDS, { codec: "snappy", aBlock: 10 });
  // In the last text of the block, before checksum and marker.
  const at = file.length - 16 - 4 - 4;
  await rejects(read(file.with(at, file[at]! ^ 1)), /unreadable block .*wrong checksum/);
});

function replaced(file: Uint8Array, from: string, to: string): Uint8Array {
  const content = new TextDecoder("latin1").decode(file).replace(from, to);
  return Uint8Array.from(content, (character) => character.charCodeAt(0));
}
