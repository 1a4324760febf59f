import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { TEST_DISPATCH_ID } from "../../../../supabase/functions/_shared/attribution/evidence.ts";
import {
  currentsSend,
  fixture,
  read,
  readOne,
  RECEIVED_AT,
  whyRejected,
} from "../../../support/bodies.ts";
import type { ReceivedEvent } from "../../../../supabase/functions/_shared/events/event.ts";
import { at, CAMPAIGN } from "../../../support/facts.ts";

const LEDGER_ID = "0b9f6f6e-2f3a-4d6c-9a51-7f6d0c1e1002";
const echoed = {
  echoedLedgerId: LEDGER_ID,
  echoedMatchId: "1002",
  echoedGeneration: "1",
  echoedAttemptId: null,
};
const notEchoed = {
  echoedLedgerId: null,
  echoedMatchId: null,
  echoedGeneration: null,
  echoedAttemptId: null,
};
const DISPATCH = "6b1f0c9de2a84f7795b3c1d0e4aa7f12";

const send = {
  eventId: "1d0a3a5e-7777-4a4a-8b8b-aaaaaaaa0001",
  claim: null,
  externalUserId: "u-1001",
  brazeUserId: "64f0a1b2c3d4e5f601234567",
  deviceId: "9f8e7d6c-0000-4000-8000-000000000001",
  evidence: {
    eventType: "send",
    channel: "push",
    sentAt: at("14:00:23"),
    timeKind: "send",
    receivedAt: RECEIVED_AT,
    campaignId: CAMPAIGN,
    canvasId: null,
    ...echoed,
    hasForeignExtras: false,
    scheduleId: null,
    dispatchId: DISPATCH,
    sendId: "match-1002",
  },
} as const;

Deno.test("readBody() reads Send, Abort and Open of Currents, each without its optional fields", async () => {
  const { events, rejects } = read(await fixture("currents_nested.json"));
  deepStrictEqual(rejects, []);
  deepStrictEqual(events.map(({ body: _, payload: __, ...event }) => event), [
    send,
    {
      ...send,
      eventId: "1d0a3a5e-7777-4a4a-8b8b-aaaaaaaa0002",
      externalUserId: "u-1002",
      brazeUserId: "64f0a1b2c3d4e5f601234568",
      deviceId: null,
      evidence: {
        ...send.evidence,
        ...notEchoed,
        eventType: "abort",
        sentAt: at("14:00:24"),
        timeKind: "occurrence",
        sendId: null,
      },
    },
    {
      ...send,
      eventId: "1d0a3a5e-7777-4a4a-8b8b-aaaaaaaa0003",
      evidence: {
        ...send.evidence,
        ...notEchoed,
        eventType: "open",
        sentAt: at("15:00:00"),
        timeKind: "occurrence",
      },
    },
  ]);
});

Deno.test("readBody() reads the same in the flat form of Currents", async () => {
  const { body: _, payload: __, ...event } = readOne(await fixture("currents_flat.json"));
  deepStrictEqual(event, send);
});

Deno.test("readBody() keeps each event unchanged, except for its push token", async () => {
  const body = JSON.parse(new TextDecoder().decode(await fixture("currents_nested.json")));
  delete body.events[0].properties.push_token;
  deepStrictEqual(read(body).events.map(payloadOf), body.events);
});

function payloadOf({ payload }: ReceivedEvent): unknown {
  return JSON.parse(new TextDecoder().decode(payload));
}

for (
  const [type, channel, eventType, timeKind] of [
    ["pushnotification.Send", "push", "send", "send"],
    ["pushnotification.Bounce", "push", "bounce", "occurrence"],
    ["pushnotification.Abort", "push", "abort", "occurrence"],
    ["pushnotification.Open", "push", "open", "occurrence"],
    ["pushnotification.IosForeground", "push", "iosforeground", "occurrence"],
    ["webhook.Send", "webhook", "send", "send"],
    ["email.Delivery", "email", "delivery", "occurrence"],
    ["email.Click", "email", "click", "occurrence"],
    ["inappmessage.Impression", "in_app", "impression", "occurrence"],
    ["contentcard.Send", "content_card", "send", "send"],
    ["line.Send", "other", "send", "send"],
    ["constructor.Send", "other", "send", "send"],
  ] as const
) {
  Deno.test(`readBody() reads ${type} as ${eventType} of ${channel}`, () => {
    const body = currentsSend({ outer: { event_type: `users.messages.${type}` } });
    const { evidence } = readOne(body);
    strictEqual(evidence.channel, channel);
    strictEqual(evidence.eventType, eventType);
    strictEqual(evidence.timeKind, timeKind);
  });
}

for (
  const [what, time, sentAt] of [
    ["seconds", 1_733_580_023, at("14:00:23")],
    ["milliseconds", 1_733_580_023_500, at("14:00:23.500")],
    ["seconds as text", "1733580023", at("14:00:23")],
    ["milliseconds as text", "1733580023500", at("14:00:23.500")],
  ] as const
) {
  Deno.test(`readBody() reads a time in ${what}`, () => {
    deepStrictEqual(readOne(currentsSend({ outer: { time } })).evidence.sentAt, sentAt);
  });
}

for (
  const [what, outer, reason] of [
    ["without a time", { time: undefined }, /time/],
    ["with a time before 2000", { time: 1 }, /time: must be UNIX seconds/],
    ["with a time after 2100", { time: 4_200_000_000 }, /time: must be UNIX seconds/],
    ["with a time past all reason", { time: 1e308 }, /time: must be UNIX seconds/],
    ["with a time in words", { time: "yesterday" }, /time/],
    ["without an id", { id: undefined }, /id/],
    ["with an empty id", { id: "" }, /id/],
    ["with an id of endless length", { id: "x".repeat(257) }, /id/],
    ["of another kind", { event_type: "users.behaviors.app.SessionStart" }, /event_type: must be/],
    ["with a user id that is an object", { external_user_id: {}, user: {} }, /external_user_id/],
    ["with a dispatch id that is a number", { dispatch_id: 7, properties: {} }, /dispatch_id/],
  ] as const
) {
  Deno.test(`readBody() rejects an event of Currents ${what}`, () => {
    match(whyRejected(currentsSend({ outer })), reason);
  });
}

Deno.test("readBody() reads the echo of an event of Currents", () => {
  const message_extras = JSON.stringify({ match_id: "12a", attempt_id: "" });
  const { evidence } = readOne(currentsSend({ properties: { message_extras } }));
  deepStrictEqual([evidence.echoedMatchId, evidence.echoedAttemptId], ["12a", null]);
});

for (
  const [what, changes, canvasId] of [
    ["in its properties", { properties: { canvas_id: "canvas-1" } }, "canvas-1"],
    ["at the top level", { outer: { canvas_id: "canvas-1" } }, "canvas-1"],
    ["that is blank", { properties: { canvas_id: "" } }, null],
  ] as const
) {
  Deno.test(`readBody() reads a canvas id ${what}`, () => {
    strictEqual(readOne(currentsSend(changes)).evidence.canvasId, canvasId);
  });
}

Deno.test("readBody() keeps Braze's own id of the user apart from the external id", () => {
  const event = readOne(currentsSend({ user: { user_id: "braze-1" } }));
  deepStrictEqual([event.externalUserId, event.brazeUserId], ["u-1001", "braze-1"]);
});

Deno.test("readBody() treats blank ids as absent", () => {
  const blank = { campaign_id: "", dispatch_id: "", send_id: "" };
  const event = readOne(currentsSend({ user: { external_user_id: "" }, properties: blank }));
  strictEqual(event.externalUserId, null);
  strictEqual(event.evidence.campaignId, null);
  strictEqual(event.evidence.dispatchId, null);
  strictEqual(event.evidence.sendId, null);
});

Deno.test("readBody() keeps the dispatch id of a test send", () => {
  const { evidence } = readOne(
    currentsSend({ properties: { dispatch_id: TEST_DISPATCH_ID } }),
  );
  strictEqual(evidence.dispatchId, TEST_DISPATCH_ID);
});

Deno.test("readBody() reads id, type and time of an event from their own places only", () => {
  const posing = {
    id: "other",
    event_type: "users.messages.email.Open",
    time: 1_700_000_000,
  };
  const event = readOne(currentsSend({ user: posing, properties: posing }));
  strictEqual(event.eventId, "event-1");
  strictEqual(event.evidence.channel, "push");
  deepStrictEqual(event.evidence.sentAt, at("14:00:23"));
});

Deno.test("readBody() ignores user and properties that are not objects", () => {
  const event = readOne(currentsSend({ outer: { user: "u-1001", properties: [1, 2] } }));
  strictEqual(event.externalUserId, null);
  strictEqual(event.evidence.dispatchId, null);
});
