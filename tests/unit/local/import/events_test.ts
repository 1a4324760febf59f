import { deepStrictEqual, rejects } from "node:assert/strict";
import type { EventKind } from "../../../../local/import/event_kind.ts";
import { readEvents } from "../../../../local/import/events.ts";
import { readLines } from "../../../../local/import/lines.ts";
import { bytes } from "../../../support/bodies.ts";

const SEND = "users.messages.pushnotification.Send";
const KIND: EventKind = { eventType: SEND, statedBy: "the path" };

async function eventsIn(content: string | Uint8Array, kind: EventKind | null = null) {
  async function* chunks() {
    await Promise.resolve();
    yield typeof content === "string" ? bytes(content) : content;
  }
  let open = 0;
  const lines = readEvents(readLines(chunks(), 0), { path: "FILE", kind }, () => open++);
  const events = (await Array.fromAsync(lines)).map((line) => line.events);
  return { events, open };
}

async function only(
  line: string,
  kind: EventKind | null = KIND,
): Promise<readonly string[] | null> {
  const { events, open } = await eventsIn(`${line}\n`, kind);
  deepStrictEqual([events.length, open], [1, 0]);
  return events[0]!;
}

Deno.test("readEvents() puts the file's kind into an event that states none, and changes nothing else", async () => {
  deepStrictEqual(await only(' { "id":12345678901234567890, "x": 1.0}'), [
    `{"event_type":"${SEND}","id":12345678901234567890, "x": 1.0}`,
  ]);
  deepStrictEqual(await only("{}"), [`{"event_type":"${SEND}"}`]);
  for (const blank of ["null", '""']) {
    deepStrictEqual(await only(`{"event_type":${blank},"id":12345678901234567890}`), [
      `{"event_type":"${SEND}","id":12345678901234567890}`,
    ]);
  }
});

Deno.test("readEvents() leaves an event that states its kind as it is", async () => {
  for (
    const line of [
      `{"id": 1, "event_type": "${SEND}"}`,
      '{"sent_at": "2024-12-07T05:00:00Z", "match_id": 1}',
      '"text"',
      "[1]",
    ]
  ) {
    deepStrictEqual(await only(line), [line]);
    deepStrictEqual(await only(line, null), [line]);
  }
});

Deno.test("readEvents() refuses an event that states no kind in a file that states none", async () => {
  for (
    const event of [
      '{"id":1,"time":1733580023}',
      '{"id":1,"event_type":null}',
      '{"id":1,"event_type":""}',
      '{"match_id":"1","sent_at":null}',
      `{"events":[{"event_type":"${SEND}"},{"id":1}]}`,
    ]
  ) {
    await rejects(
      eventsIn(`{"event_type":"${SEND}"}\n${event}\n`),
      /^StackFailure: Cannot import FILE: every event must state its kind, got none in line 2; .*event_type=….*--event-type$/,
    );
  }
});

Deno.test("readEvents() refuses an event of another kind than its file's", async () => {
  for (const own of ["users.messages.pushnotification.Bounce", "send", 5]) {
    await rejects(
      eventsIn(JSON.stringify({ id: 1, event_type: own }), KIND),
      /^StackFailure: Cannot import FILE: every event must be of the kind that the path states, users\.messages\.pushnotification\.Send, got .* in line 1$/,
    );
  }
});

Deno.test("readEvents() unwraps the unions of Avro's own JSON", async () => {
  const wrapped = {
    id: "1",
    external_user_id: { string: "u" },
    message_extras: { string: '{"match_id":"7"}' },
    canvas_id: null,
    count: { long: 5 },
    is_new: { boolean: false },
    names: { array: ["a", { string: "b" }] },
  };
  deepStrictEqual(JSON.parse((await only(JSON.stringify(wrapped)))![0]!), {
    event_type: SEND,
    id: "1",
    external_user_id: "u",
    message_extras: '{"match_id":"7"}',
    canvas_id: null,
    count: 5,
    is_new: false,
    names: ["a", "b"],
  });
  const digits = `{"event_type":{"string":"${SEND}"},"n":{"long":12345678901234567890}}`;
  deepStrictEqual(await only(digits, null), [
    `{"event_type":"${SEND}","n":12345678901234567890}`,
  ]);
});

Deno.test("readEvents() leaves objects that are no unions as they are", async () => {
  for (
    const value of [
      '{"string":5}',
      '{"string":"a","int":1}',
      '{"match_id":"1"}',
      '{"toString":"a"}',
      "{}",
    ]
  ) {
    const line = `{"event_type":"${SEND}", "user":${value}}`;
    deepStrictEqual(await only(line), [line]);
  }
});

Deno.test("readEvents() leaves an event that cannot be stored to the receiver", async () => {
  const twice = '{"id":{"string":"1"},"id":{"string":"2"}}';
  deepStrictEqual(await only(twice), [twice]);
});

Deno.test("readEvents() reads a line that holds a whole request as its events", async () => {
  const own = `{"event_type": "${SEND}"}`;
  deepStrictEqual(await only(`{"events":[${own}, {"id":1}], "v":1}`), [
    own,
    `{"event_type":"${SEND}","id":1}`,
  ]);
  deepStrictEqual(await only('{"events":[]}', null), []);
  deepStrictEqual(await only('{"events":null}', null), []);
  deepStrictEqual(await only('{"events":[1],"events":[2]}', null), null);
});

Deno.test("readEvents() refuses a line with more events than the receiver takes", async () => {
  await rejects(
    eventsIn(`{"events":[${Array(20_001).fill(1).join(",")}]}\n`),
    /Cannot import FILE: a line must hold at most 20000 events, got more in line 1/,
  );
});

const WHOLE = `{"event_type":"${SEND}","name":"é"}`;

Deno.test("readEvents() ends before a last line that is still being written, wherever it ends", async () => {
  const content = bytes(`${WHOLE}\n${WHOLE}`);
  const first = bytes(`${WHOLE}\n`).length;
  for (let end = first + 1; end < content.length; end++) {
    deepStrictEqual(await eventsIn(content.subarray(0, end)), { events: [[WHOLE]], open: 1 });
  }
  deepStrictEqual(await eventsIn(content), { events: [[WHOLE], [WHOLE]], open: 0 });
});

Deno.test("readEvents() passes on a broken line with an end, and blanks at the end", async () => {
  deepStrictEqual(await eventsIn(`{half\n${WHOLE}\n  `), {
    events: [null, [WHOLE], []],
    open: 0,
  });
});
