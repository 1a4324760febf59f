import { deepStrictEqual, match, notStrictEqual, strictEqual } from "node:assert/strict";
import { TEST_DISPATCH_ID } from "../../../../supabase/functions/_shared/attribution/evidence.ts";
import {
  fixture,
  read,
  readOne,
  RECEIVED_AT,
  webhookMessage,
  whyRejected,
} from "../../../support/bodies.ts";
import { at, CAMPAIGN } from "../../../support/facts.ts";

const LEDGER_ID = "0b9f6f6e-2f3a-4d6c-9a51-7f6d0c1e1002";
const BRAZE_ID = "64f0a1b2c3d4e5f601234567";

Deno.test("readBody() reads a message of the webhook channel", async () => {
  const { eventId, body: _, payload: __, ...event } = readOne(
    await fixture("webhook_template.json"),
  );
  match(eventId, /^[0-9a-f]{64}$/);
  deepStrictEqual(event, {
    claim: "strong",
    externalUserId: "u-1001",
    brazeUserId: BRAZE_ID,
    deviceId: null,
    evidence: {
      eventType: "send",
      channel: "webhook",
      sentAt: RECEIVED_AT,
      timeKind: "receipt",
      receivedAt: RECEIVED_AT,
      campaignId: CAMPAIGN,
      canvasId: null,
      echoedLedgerId: LEDGER_ID,
      echoedMatchId: "1002",
      echoedGeneration: "1",
      echoedAttemptId: null,
      hasForeignExtras: false,
      scheduleId: null,
      dispatchId: "6b1f0c9de2a84f7795b3c1d0e4aa7f12",
      sendId: null,
    },
  });
});

Deno.test("readBody() reads the flat shape, with a time of its own, as a push", async () => {
  const { eventId, body: _, payload: __, ...event } = readOne(await fixture("flat.json"));
  match(eventId, /^[0-9a-f]{64}$/);
  deepStrictEqual(event, {
    claim: null,
    externalUserId: "u-1001",
    brazeUserId: null,
    deviceId: null,
    evidence: {
      eventType: "send",
      channel: "push",
      sentAt: at("14:00:23"),
      timeKind: "send",
      receivedAt: RECEIVED_AT,
      campaignId: CAMPAIGN,
      canvasId: null,
      echoedLedgerId: null,
      echoedMatchId: "1002",
      echoedGeneration: null,
      echoedAttemptId: null,
      hasForeignExtras: false,
      scheduleId: null,
      dispatchId: null,
      sendId: "xyz-789",
    },
  });
});

Deno.test("readBody() gives a repeated message the same id", () => {
  const again = readOne(webhookMessage(), at("14:20:00"));
  strictEqual(again.eventId, readOne(webhookMessage()).eventId);
});

Deno.test("readBody() gives a message with another key order the same id", () => {
  const reversed = Object.fromEntries(Object.entries(webhookMessage()).reverse());
  strictEqual(readOne(reversed).eventId, readOne(webhookMessage()).eventId);
});

for (
  const [what, changes] of [
    ["user", { external_user_id: "u-1002" }],
    ["user without an external id", { external_user_id: "", braze_id: "braze-1002" }],
    ["generation", { generation: "2" }],
    ["ledger row", { ledger_id: "0b9f6f6e-2f3a-4d6c-9a51-7f6d0c1e1003" }],
    ["match", { match_id: "1003" }],
    ["dispatch", { dispatch_id: "dispatch-2" }],
    ["send id", { send_id: "send-2" }],
    ["schedule", { schedule_id: "schedule-2" }],
    ["attempt", { attempt_id: "0b9f6f6e-2f3a-4d6c-9a51-7f6d0c1e2002" }],
    ["Canvas", { canvas_id: "canvas-1" }],
    ["campaign", { campaign_id: "campaign-2" }],
    ["device", { device_id: "device-2" }],
    ["channel", { event_type: "send" }],
    ["time", { sent_at: "2024-12-07T14:00:23Z" }],
  ] as const
) {
  Deno.test(`readBody() gives a message with another ${what} a different id`, () => {
    notStrictEqual(readOne(webhookMessage(changes)).eventId, readOne(webhookMessage()).eventId);
  });
}

Deno.test("readBody() distinguishes two users who have only a Braze id", () => {
  const [one, two] = ["braze-1", "braze-2"].map((braze_id) =>
    readOne(webhookMessage({ external_user_id: "", braze_id })).eventId
  );
  notStrictEqual(one, two);
});

Deno.test("readBody() uses the id that a message states", () => {
  strictEqual(readOne(webhookMessage({ id: "own" })).eventId, "own");
  strictEqual(readOne(webhookMessage({ id: "own", event_id: "event" })).eventId, "event");
});

const nameless = { dispatch_id: "", match_id: "", ledger_id: "", generation: "" };
for (
  const [what, changes, claim] of [
    ["a strong claim where the body names its send", {}, "strong"],
    ["a weak claim where it names a user and no send", nameless, "weak"],
    ["a strong claim where it brings an id", { ...nameless, id: "own" }, "strong"],
    ["no claim where it brings a time", { sent_at: "2024-12-07T14:00:23Z" }, null],
    ["a strong claim where its time is blank", { sent_at: "" }, "strong"],
  ] as const
) {
  Deno.test(`readBody() gives a message ${what}`, () => {
    const event = readOne(webhookMessage(changes));
    strictEqual(event.claim, claim);
    strictEqual(event.evidence.timeKind, claim === null ? "send" : "receipt");
  });
}

for (
  const [sent_at, sentAt] of [
    ["2024-12-07T14:00:23Z", at("14:00:23")],
    ["2024-12-07T14:00:23.250Z", at("14:00:23.250")],
    ["2024-12-07T16:00:23+02:00", at("14:00:23")],
    ["2024-12-07 14:00:23 -0000", at("14:00:23")],
    ["2024-12-07T14:00:23", at("14:00:23")],
    ["2024-12-07 14:00:23", at("14:00:23")],
    ["2024-12-07 14:00:23 UTC", at("14:00:23")],
    ["2024-12-07T14:00z", at("14:00:00")],
    ["2024-12-07T14:00:23.123456789Z", at("14:00:23.123")],
  ] as const
) {
  Deno.test(`readBody() reads the time ${sent_at}, in UTC if it names no zone`, () => {
    deepStrictEqual(readOne(webhookMessage({ sent_at })).evidence.sentAt, sentAt);
  });
}

for (
  const [what, changes, reason] of [
    ["a time in words", { sent_at: "yesterday" }, /sent_at: must be an ISO 8601 time/],
    ["a time before 2000", { sent_at: "1999-12-31T23:59:59Z" }, /sent_at: must be an ISO 8601/],
    ["a time after 2100", { sent_at: "2100-01-01T00:00:00Z" }, /sent_at: must be an ISO 8601/],
    ["a day that is none", { sent_at: "2024-02-30T14:00:00Z" }, /sent_at: must be an ISO 8601/],
    ["a day without a time", { sent_at: "2024-12-07" }, /sent_at: must be an ISO 8601/],
    ["a day as some write it", { sent_at: "07/12/2024" }, /sent_at: must be an ISO 8601/],
    ["a number in some words", { sent_at: "match 5" }, /sent_at: must be an ISO 8601/],
    ["a zone that is none", { sent_at: "2024-12-07T14:00:23+99:99" }, /sent_at: must be an ISO/],
    ["a user id that is a fraction", { external_user_id: 1.5 }, /external_user_id/],
    ["an unknown event type", { event_type: "campaign.email" }, /event_type/],
    ["an endless dispatch id", { dispatch_id: "x".repeat(257) }, /dispatch_id/],
    ["an endless user id", { external_user_id: "x".repeat(1_025) }, /external_user_id/],
  ] as const
) {
  Deno.test(`readBody() rejects a message with ${what}`, () => {
    match(whyRejected(webhookMessage(changes)), reason);
  });
}

Deno.test("readBody() rejects an object that is not a message, and lists its keys", () => {
  strictEqual(
    whyRejected({ hello: "world" }),
    "Webhook message must hold one of external_user_id, dispatch_id, send_id, schedule_id, " +
      "braze_schedule_id, match_id, ledger_id, got hello",
  );
});

Deno.test("readBody() keeps the echo of a message as it is", () => {
  const { evidence } = readOne(webhookMessage({
    match_id: 1_002,
    ledger_id: "led_1",
    generation: [1],
    attempt_id: "att_1",
  }));
  deepStrictEqual(
    [
      evidence.echoedMatchId,
      evidence.echoedLedgerId,
      evidence.echoedGeneration,
      evidence.echoedAttemptId,
    ],
    ["1002", "led_1", "[1]", "att_1"],
  );
});

Deno.test("readBody() reads a message whose echo is blank as one that is not ours", () => {
  const { evidence } = readOne(webhookMessage(nameless));
  deepStrictEqual([evidence.echoedMatchId, evidence.echoedLedgerId], ["", null]);
});

Deno.test("readBody() reads the echo inside and outside trigger_properties", () => {
  const trigger_properties = { match_id: 7, ledger_id: LEDGER_ID, generation: 3 };
  const inside = readOne({ external_user_id: "u-1001", trigger_properties }).evidence;
  deepStrictEqual(
    [inside.echoedMatchId, inside.echoedLedgerId, inside.echoedGeneration],
    ["7", LEDGER_ID, "3"],
  );
  strictEqual(readOne({ match_id: "7", trigger_properties }).evidence.echoedMatchId, "7");
  strictEqual(readOne({ match_id: "", trigger_properties }).evidence.echoedMatchId, "7");
});

for (
  const [what, trigger_properties, isForeign] of [
    ["hold none of our keys", { title: "Kick-off" }, true],
    ["hold one of our keys", { title: "Kick-off", match_id: 7 }, false],
    ["hold nothing", {}, false],
  ] as const
) {
  Deno.test(`readBody() reads trigger_properties that ${what}`, () => {
    const { evidence } = readOne({ external_user_id: "u-1001", trigger_properties });
    strictEqual(evidence.hasForeignExtras, isForeign);
  });
}

Deno.test("readBody() reads the canvas id of a message", () => {
  strictEqual(readOne(webhookMessage({ canvas_id: "canvas-1" })).evidence.canvasId, "canvas-1");
});

for (const trigger_properties of ["text", 7, [], null]) {
  const jsonText = JSON.stringify(trigger_properties);
  Deno.test(`readBody() accepts a message whose trigger_properties are ${jsonText}`, () => {
    strictEqual(readOne(webhookMessage({ trigger_properties })).evidence.echoedMatchId, "1002");
  });
}

for (
  const [what, changes, name] of [
    ["match", { match_id: "1003", trigger_properties: { match_id: "1002" } }, "match_id"],
    ["match, one of them none", { match_id: "x", trigger_properties: { match_id: 2 } }, "match_id"],
    ["ledger row", { trigger_properties: { ledger_id: "other" } }, "ledger_id"],
    ["generation", { trigger_properties: { generation: 2 } }, "generation"],
    ["schedule", { schedule_id: "one", braze_schedule_id: "two" }, "schedule_id"],
  ] as const
) {
  Deno.test(`readBody() rejects a message with two different values: ${what}`, () => {
    strictEqual(whyRejected(webhookMessage(changes)), `Event must name one ${name}, got 2`);
  });
}

Deno.test("readBody() reads a schedule id under either of its names", () => {
  strictEqual(readOne({ schedule_id: "schedule-1" }).evidence.scheduleId, "schedule-1");
  strictEqual(readOne({ braze_schedule_id: "schedule-1" }).evidence.scheduleId, "schedule-1");
});

for (
  const [event_type, eventType, timeKind] of [
    ["send", "send", "send"],
    ["open", "open", "occurrence"],
    ["bounce", "bounce", "occurrence"],
    ["abort", "abort", "occurrence"],
    [undefined, "send", "send"],
  ] as const
) {
  Deno.test(`readBody() reads a flat ${event_type ?? "body with sent_at"} as ${eventType} with the time of a ${timeKind}`, () => {
    const { evidence } = readOne({
      event_type,
      external_user_id: "u-1001",
      sent_at: "2024-12-07T14:00:23Z",
    });
    deepStrictEqual([evidence.eventType, evidence.channel, evidence.timeKind], [
      eventType,
      "push",
      timeKind,
    ]);
  });
}

for (
  const [what, body, timeKind] of [
    ["a bare time", { time: 1_733_580_023 }, "occurrence"],
    ["a bare time as text", { time: "1733580023" }, "occurrence"],
    ["no time", {}, "receipt"],
    ["a blank sent_at", { sent_at: "" }, "receipt"],
  ] as const
) {
  Deno.test(`readBody() reads no kind from a flat body with ${what}`, () => {
    const { evidence } = readOne({ external_user_id: "u-1001", match_id: "1002", ...body });
    deepStrictEqual([evidence.eventType, evidence.timeKind], ["unknown", timeKind]);
    deepStrictEqual(evidence.sentAt, timeKind === "receipt" ? RECEIVED_AT : at("14:00:23"));
  });
}

Deno.test("readBody() reads a user id that is a number as text", () => {
  strictEqual(readOne({ external_user_id: 1001 }).externalUserId, "1001");
});

Deno.test("readBody() rounds no user id", () => {
  const ids = ["9007199254740993", "-9007199254740993", "18446744073709551617"];
  const events = ids.map((id) => readOne(`{"external_user_id":${id},"match_id":"1002"}`));
  deepStrictEqual(events.map(({ externalUserId }) => externalUserId), ids);
  strictEqual(new Set(events.map(({ eventId }) => eventId)).size, ids.length);
});

for (const id of ["1001.9999999999999999", "9007199254740991.4", "1002.0000000000000001"]) {
  Deno.test(`readBody() rounds ${id} to no match`, () => {
    match(whyRejected(`{"match_id":${id}}`), /^Number must not be a fraction/);
  });
}

Deno.test("readBody() keeps every digit of a match id beyond exact integers", () => {
  const { evidence } = readOne('{"match_id":9007199254740993}');
  strictEqual(evidence.echoedMatchId, "9007199254740993");
});

Deno.test("readBody() keeps the dispatch id of a test send of the webhook channel", () => {
  const { evidence } = readOne(webhookMessage({ dispatch_id: TEST_DISPATCH_ID }));
  strictEqual(evidence.dispatchId, TEST_DISPATCH_ID);
});

Deno.test("readBody() ignores names that every object inherits", () => {
  const { rejects } = read('{"__proto__":{"external_user_id":"u-1001"},"constructor":"x"}');
  match(rejects[0]?.reason ?? "", /got __proto__, constructor$/);
});
