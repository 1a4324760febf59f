import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import {
  bytes,
  currentsSend,
  fixture,
  read,
  text,
  webhookMessage,
  whyRejected,
} from "../support/bodies.ts";

for (
  const [what, body] of [
    ["an empty body", ""],
    ["blanks", " \n\t"],
    ["an empty list", "[]"],
    ["an empty list of events", '{"events":[]}'],
    ["no list of events", '{"events":null}'],
  ] as const
) {
  Deno.test(`readBody() finds nothing in ${what}, and nothing wrong with it`, () => {
    deepStrictEqual(read(body), { events: [], rejects: [] });
  });
}

Deno.test("readBody() finds nothing in the probe of Currents", async () => {
  deepStrictEqual(read(await fixture("currents_probe.json")), { events: [], rejects: [] });
});

for (
  const [what, wrapped, count] of [
    ["alone", webhookMessage(), 1],
    ["in a list", [webhookMessage(), currentsSend()], 2],
    ["in events", { events: [currentsSend(), webhookMessage(), currentsSend()] }, 3],
    ["after a byte order mark", `\ufeff${JSON.stringify(webhookMessage())}`, 1],
  ] as const
) {
  Deno.test(`readBody() reads events ${what}`, () => {
    const { events, rejects } = read(wrapped);
    strictEqual(events.length, count);
    deepStrictEqual(rejects, []);
  });
}

for (
  const [what, body] of [
    ["text", "hello"],
    ["JSON that breaks off", '{"events":[{"id":"1"'],
    ["bytes that are no text", new Uint8Array([0xff, 0xfe, 0x00, 0x80])],
  ] as const
) {
  Deno.test(`readBody() keeps ${what} as a reject, to the byte`, () => {
    const given = typeof body === "string" ? bytes(body) : body;
    deepStrictEqual(read(given), {
      events: [],
      rejects: [{ body: given, reason: "Body must be JSON" }],
    });
  });
}

for (const part of ["null", "7", '"text"', "true", "[[]]"]) {
  Deno.test(`readBody() rejects ${part}, which is no event`, () => {
    strictEqual(whyRejected(part), "Event must be a JSON object");
  });
}

const nested = (levels: number) => `${'{"a":'.repeat(levels)}1${"}".repeat(levels)}`;

for (
  const [what, value, reason] of [
    ["NUL in a text", '"\\u0000"', "Text must not hold NUL"],
    ["NUL in a name", '{"a\\u0000":1}', "Text must not hold NUL"],
    ["NUL deep inside", '[[{"a":["\\u0000"]}]]', "Text must not hold NUL"],
    ["a lone surrogate", '"\\ud800"', "Text must not hold a lone surrogate"],
    ["a lone surrogate in a name", '{"\\udc00":1}', "Text must not hold a lone surrogate"],
    ["65 levels of JSON", nested(64), "JSON must not be nested deeper than 64 levels"],
    ["a million levels", nested(1_000_000), "JSON must not be nested deeper than 64 levels"],
    [
      "a million characters",
      `"${"x".repeat(1_000_000)}"`,
      "Event must be at most 1000000 characters long",
    ],
  ] as const
) {
  // With blanks that JSON.stringify would not write.
  const spoiled = `{ "external_user_id": "u-1001", "value": ${value} }`;

  Deno.test(`readBody() rejects an event with ${what}, and takes its neighbours`, () => {
    const good = JSON.stringify(webhookMessage());
    const { events, rejects } = read(`[${good},${spoiled},${good}]`);
    strictEqual(events.length, 2);
    deepStrictEqual(rejects.map((reject) => reject.reason), [reason]);
  });

  Deno.test(`readBody() keeps a lone event with ${what} to the byte`, () => {
    const { rejects } = read(spoiled);
    strictEqual(text(rejects[0]?.body ?? bytes("")), spoiled);
  });
}

for (
  const [what, value] of [
    ["63 levels", nested(63)],
    ["a pair of surrogates", '"\\ud83d\\ude00"'],
    ["numbers past counting", "1e308"],
    ["a name that every object has", '{"__proto__":1,"constructor":2}'],
  ] as const
) {
  Deno.test(`readBody() takes an event with ${what}`, () => {
    const { events } = read(`{"external_user_id":"u-1001","value":${value}}`);
    strictEqual(events.length, 1);
  });
}

Deno.test("readBody() keeps of a list just the event that it rejects", () => {
  const { rejects } = read([webhookMessage(), { hello: "world" }]);
  strictEqual(text(rejects[0]?.body ?? bytes("")), '{"hello":"world"}');
  match(rejects[0]?.reason ?? "", /got hello$/);
});
