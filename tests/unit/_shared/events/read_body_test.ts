import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { readBody } from "../../../../supabase/functions/_shared/events/read_body.ts";
import {
  bytes,
  currentsSend,
  fixture,
  read,
  RECEIVED_AT,
  text,
  webhookMessage,
  whyRejected,
} from "../../../support/bodies.ts";

for (
  const [what, body] of [
    ["an empty body", ""],
    ["blanks", " \n\t"],
    ["an empty list", "[]"],
    ["an empty list of events", '{"events":[]}'],
    ["no list of events", '{"events":null}'],
  ] as const
) {
  Deno.test(`readBody() finds neither event nor reject in ${what}`, () => {
    deepStrictEqual(read(body), { events: [], rejects: [] });
  });
}

Deno.test("readBody() finds no event in the probe of Currents", async () => {
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
    ["bytes that are not text", new Uint8Array([0xff, 0xfe, 0x00, 0x80])],
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
  Deno.test(`readBody() rejects ${part}, which is not an event`, () => {
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
    ["one name twice", '{"a":{"b":1,"b":2}}', "Object must not hold a name twice"],
    ["one name twice, escaped", '{"a":1,"\\u0061":1}', "Object must not hold a name twice"],
    ["__proto__ twice", '{"__proto__":1,"__proto__":2}', "Object must not hold a name twice"],
    ["a number beyond all", "1e400", "Number must be of a size that a double can hold"],
    ["a number next to nothing", "-1e-400", "Number must be of a size that a double can hold"],
    ["65 levels of JSON", nested(64), "JSON must not be nested deeper than 64 levels"],
    ["a million levels", nested(1_000_000), "JSON must not be nested deeper than 64 levels"],
    [
      "a million characters",
      `"${"x".repeat(1_000_000)}"`,
      "Event must be at most 1000000 bytes long",
    ],
  ] as const
) {
  // With blanks that JSON.stringify would not write.
  const spoiled = `{ "external_user_id": "u-1001", "value": ${value} }`;

  Deno.test(`readBody() rejects an event with ${what}, and accepts the others`, () => {
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
  Deno.test(`readBody() accepts an event with ${what}`, () => {
    const { events } = read(`{"external_user_id":"u-1001","value":${value}}`);
    strictEqual(events.length, 1);
  });
}

Deno.test("readBody() keeps of a list each event that it rejects to the byte", () => {
  const good = JSON.stringify(webhookMessage());
  const bad = ['{ "a" : 1e400 }', '{"id":9007199254740993,"id":1.0}', '{"b":"\\u00e9\\ud800"}'];
  const { events, rejects } = read(`{"events": [${bad[0]},${good} , ${bad[1]},${bad[2]} ]}`);
  strictEqual(events.length, 1);
  deepStrictEqual(rejects.map(({ body }) => text(body)), bad);
});

Deno.test("readBody() rejects an event that is not UTF-8, and accepts the others", () => {
  const good = bytes(JSON.stringify(webhookMessage()));
  const bad = new Uint8Array([...bytes('{"external_user_id":"'), 0xff, ...bytes('"}')]);
  const body = new Uint8Array([0x5b, ...bad, 0x2c, ...good, 0x5d]);
  const { events, rejects } = read(body);
  strictEqual(events.length, 1);
  deepStrictEqual(rejects, [{ body: bad, reason: "Text must be UTF-8" }]);
});

Deno.test("readBody() accepts a replacement character that was sent as one", () => {
  strictEqual(read(webhookMessage({ external_user_id: "\ufffd" })).events.length, 1);
});

for (
  const [what, body, reason] of [
    ["two lists of events", '{"events":[],"events":[]}', "Body must hold one list of events"],
    ["a list and no list", '{"events":[],"events":1}', "Body must hold one list of events"],
    ["nonsense beside its events", '{"events":[],"a":nonsense}', "Body must be JSON"],
    ["a name that is none", '{"events":[],"\\x":1}', "Body must be JSON"],
    ["a bad event", `[${JSON.stringify(webhookMessage())},{"a":NaN}]`, "Body must be JSON"],
  ] as const
) {
  Deno.test(`readBody() keeps a body with ${what} whole`, () => {
    deepStrictEqual(read(body), { events: [], rejects: [{ body: bytes(body), reason }] });
  });
}

Deno.test("readBody() reads a body without events as a message", () => {
  strictEqual(read(webhookMessage({ events: null })).events.length, 1);
});

Deno.test("readBody() reads events beside any other content", () => {
  const beside = '"v":1,"meta":{"events":[1]},"deep":' + nested(1_000);
  const good = JSON.stringify(webhookMessage());
  strictEqual(read(`{${beside},"\\u0065vents":[${good}]}`).events.length, 1);
});

Deno.test("readBody() reads events up to its limit, and refuses a body with one more", () => {
  const list = (count: number) => bytes(`[${Array(count).fill("{}").join()}]`);
  strictEqual(read(list(20_000)).rejects.length, 20_000);
  strictEqual(readBody(list(20_001), RECEIVED_AT), "too_many_events");
});

Deno.test("readBody() keeps a truncated body, even if it contains events", () => {
  const whole = `{"events":[${Array(20_001).fill("{}").join()}]}`;
  strictEqual(readBody(bytes(whole), RECEIVED_AT), "too_many_events");
  const cutOff = read(whole.slice(0, -1));
  deepStrictEqual(cutOff.rejects.map(({ reason }) => reason), ["Body must be JSON"]);
});

Deno.test("readBody() keeps only the rejected event of a list", () => {
  const { rejects } = read([webhookMessage(), { hello: "world" }]);
  strictEqual(text(rejects[0]?.body ?? bytes("")), '{"hello":"world"}');
  match(rejects[0]?.reason ?? "", /got hello$/);
});
