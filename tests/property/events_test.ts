import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { readBody } from "../../supabase/functions/_shared/events/read_body.ts";
import { splitBody } from "../../supabase/functions/_shared/events/split_body.ts";
import { readJson } from "../../supabase/functions/_shared/text/exact_json.ts";
import {
  bytes,
  currentsSend,
  read,
  readOne,
  RECEIVED_AT,
  text,
  webhookMessage,
} from "../support/bodies.ts";

// Names that the shapes use, each with an arbitrary value.
const names = Object.keys({ ...currentsSend(), ...webhookMessage() }).concat(
  ["sent_at", "event_id", "send_id", "schedule_id", "trigger_properties", "message_extras"],
);
const value = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom("", "1", "u-1001", "campaign.webhook", 1_733_580_023) },
  { weight: 1, arbitrary: fc.constantFrom("users.messages.pushnotification.Send", "open", "send") },
  { weight: 3, arbitrary: fc.jsonValue({ stringUnit: "binary" }) },
  { weight: 1, arbitrary: fc.date({ noInvalidDate: false }).map(String) },
);
const event = fc.dictionary(fc.oneof(fc.constantFrom(...names), fc.string()), value, {
  noNullPrototype: true,
});
const part = fc.oneof(
  { weight: 5, arbitrary: event },
  { weight: 1, arbitrary: fc.jsonValue() },
  { weight: 1, arbitrary: fc.constantFrom<unknown>(currentsSend(), webhookMessage()) },
);

Deno.test("readBody() never throws, for any bytes", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (body) => {
    readBody(body, RECEIVED_AT);
  }));
});

Deno.test("readBody() never throws on JSON that is truncated or corrupted", () => {
  fc.assert(fc.property(part, fc.nat(), fc.nat({ max: 255 }), (given, position, byte) => {
    const whole = bytes(JSON.stringify(given));
    readBody(whole.slice(0, position % (whole.length + 1)), RECEIVED_AT);
    readBody(whole.with(position % whole.length, byte), RECEIVED_AT);
  }));
});

Deno.test("readBody() turns each part into an event or a reject, and loses none", () => {
  fc.assert(fc.property(fc.array(part, { maxLength: 8 }), (parts) => {
    for (const wrapped of [parts, { events: parts }]) {
      const { events, rejects } = read(wrapped);
      strictEqual(events.length + rejects.length, parts.length);
    }
  }));
});

Deno.test("readBody() judges each event independently of the rest of the body", () => {
  fc.assert(fc.property(fc.array(part, { minLength: 1, maxLength: 5 }), (parts) => {
    const alone = parts.map((part) => read([part]));
    const together = read(parts);
    deepStrictEqual(together.events, alone.flatMap(({ events }) => events));
    deepStrictEqual(
      together.rejects.map(({ reason }) => reason),
      alone.flatMap(({ rejects }) => rejects.map(({ reason }) => reason)),
    );
  }));
});

/** Spellings of values, some of which JSON.stringify would write in another way. */
const spelling = fc.constantFrom(
  ...["1", "-1.5", "1.0", "0.10", "-0", "-0.0", "1e3", "2E-7", "0.1", "123456789012345678901"],
  ...['"a/b"', '"a\\/b"', '"\\u0041"', '"\\n\\"\\\\"', '"\\\\u0041"', '"é"', "true", "null"],
);

Deno.test("readBody() keeps a payload as JSON.stringify writes it, however it was spelled", () => {
  fc.assert(fc.property(fc.array(spelling, { minLength: 1, maxLength: 4 }), (spelled) => {
    const json = JSON.stringify(currentsSend()).replace(/^{/, `{"more":[[${spelled}]],`);
    const { payload } = readOne(bytes(`[${json}]`));
    const { value } = readJson(json) as { value: unknown };
    strictEqual(text(payload), JSON.stringify(value));
  }));
});

Deno.test("splitBody() finds the parts of any list to the byte, as JSON.parse does", () => {
  const gap = fc.constantFrom("", " ", "\r\n\t");
  const parts = fc.array(fc.json({ stringUnit: "binary" }), { maxLength: 8 });
  fc.assert(fc.property(parts, gap, fc.boolean(), fc.jsonValue(), (parts, gap, isList, beside) => {
    const list = `[${gap}${parts.join(`${gap},${gap}`)}${gap}]`;
    const envelope = `{"beside":${JSON.stringify(beside)}${gap},"events":${gap}${list}${gap}}`;
    const split = splitBody(bytes(isList ? list : envelope));
    deepStrictEqual(split.ok && split.parts.map((part) => text(part.bytes)), parts);
  }));
});

Deno.test("splitBody() finds no parts that JSON.parse would not find, in any corrupted body", () => {
  fc.assert(
    fc.property(fc.array(part), fc.nat(), fc.nat({ max: 127 }), (parts, position, byte) => {
      const body = bytes(JSON.stringify({ events: parts }));
      const spoiled = body.with(position % body.length, byte);
      const split = splitBody(spoiled);
      const found = split.ok && split.parts.every((part) => isJson(text(part.bytes)));
      if (isJson(text(spoiled))) ok(found || !split.ok && split.why === "events_twice");
      else strictEqual(found, false);
    }),
    { numRuns: 1_000 },
  );
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

Deno.test("readBody() accepts no event that Postgres cannot store", () => {
  fc.assert(fc.property(fc.array(part, { maxLength: 5 }), (parts) => {
    for (const event of read(parts).events) {
      const { evidence } = event;
      const stored = JSON.stringify({ ...event, sentAt: evidence.sentAt.toISOString() });
      ok(!stored.includes("\\u0000"));
      ok(!/\\ud[89a-f]/.test(stored));
      ok(event.eventId.length > 0 && event.eventId.length <= 256);
      for (
        const text of [evidence.echoedMatchId, evidence.echoedLedgerId, evidence.echoedGeneration]
      ) {
        ok(text === null || text.length <= 256);
      }
      ok(typeof evidence.channel === "string" && typeof evidence.eventType === "string");
    }
  }));
});

Deno.test("readBody() gives two webhook messages one id only if their contents are equal", () => {
  const message = fc.record({
    campaign_id: fc.constantFrom("c-1", "c-2"),
    dispatch_id: fc.constantFrom("", "d-1", "d-2"),
    external_user_id: fc.constantFrom("", "u-1", "u-2"),
    braze_id: fc.constantFrom("b-1", "b-2"),
    match_id: fc.constantFrom("", "1", "2"),
    generation: fc.constantFrom("", "1", "2"),
  }, { noNullPrototype: true });
  fc.assert(
    fc.property(message, message, (one, two) => {
      const sayTheSame = JSON.stringify(one) === JSON.stringify(two);
      strictEqual(
        readOne(webhookMessage(one)).eventId === readOne(webhookMessage(two)).eventId,
        sayTheSame,
      );
    }),
    { numRuns: 1_000 },
  );
});
