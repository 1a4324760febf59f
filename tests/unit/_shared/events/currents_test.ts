import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { currentsSend, fixture, read, readOne, whyRejected } from "../../../support/bodies.ts";
import { at, CAMPAIGN } from "../../../support/facts.ts";

const LEDGER_ID = "0b9f6f6e-2f3a-4d6c-9a51-7f6d0c1e1002";
const echoed = { ledgerId: LEDGER_ID, matchId: 1002, generation: 1 };
const notEchoed = { ledgerId: null, matchId: null, generation: null };
const DISPATCH = "6b1f0c9de2a84f7795b3c1d0e4aa7f12";

const send = {
  eventId: "1d0a3a5e-7777-4a4a-8b8b-aaaaaaaa0001",
  claim: null,
  externalUserId: "u-1001",
  deviceId: "9f8e7d6c-0000-4000-8000-000000000001",
  evidence: {
    eventType: "send",
    channel: "push",
    sentAt: at("14:00:23"),
    timeIsSendTime: true,
    isTest: false,
    campaignId: CAMPAIGN,
    ...echoed,
    scheduleId: null,
    dispatchId: DISPATCH,
    sendId: "match-1002",
  },
} as const;

Deno.test("readBody() reads Send, Abort and Open of Currents, each without its optional fields", async () => {
  const { events, rejects } = read(await fixture("currents_nested.json"));
  deepStrictEqual(rejects, []);
  deepStrictEqual(events.map(({ raw: _, body: __, ...event }) => event), [
    send,
    {
      ...send,
      eventId: "1d0a3a5e-7777-4a4a-8b8b-aaaaaaaa0002",
      externalUserId: "u-1002",
      deviceId: null,
      evidence: {
        ...send.evidence,
        ...notEchoed,
        eventType: "abort",
        sentAt: at("14:00:24"),
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
        timeIsSendTime: false,
      },
    },
  ]);
});

Deno.test("readBody() reads the same in the flat form of Currents", async () => {
  const { raw: _, body: __, ...event } = readOne(await fixture("currents_flat.json"));
  deepStrictEqual(event, send);
});

Deno.test("readBody() keeps each event unchanged, except for its push token", async () => {
  const body = JSON.parse(new TextDecoder().decode(await fixture("currents_nested.json")));
  delete body.events[0].properties.push_token;
  deepStrictEqual(read(body).events.map((event) => event.raw), body.events);
});

for (
  const [type, channel, eventType, timeIsSendTime] of [
    ["pushnotification.Send", "push", "send", true],
    ["pushnotification.Bounce", "push", "bounce", true],
    ["pushnotification.Abort", "push", "abort", true],
    ["pushnotification.Open", "push", "open", false],
    ["pushnotification.IosForeground", "push", "iosforeground", false],
    ["webhook.Send", "webhook", "send", true],
    ["email.Delivery", "email", "delivery", true],
    ["email.Click", "email", "click", false],
    ["inappmessage.Impression", "in_app", "impression", false],
    ["contentcard.Send", "content_card", "send", true],
    ["line.Send", "other", "send", true],
    ["constructor.Send", "other", "send", true],
  ] as const
) {
  Deno.test(`readBody() reads ${type} as ${eventType} of ${channel}`, () => {
    const body = currentsSend({ outer: { event_type: `users.messages.${type}` } });
    const { evidence } = readOne(body);
    strictEqual(evidence.channel, channel);
    strictEqual(evidence.eventType, eventType);
    strictEqual(evidence.timeIsSendTime, timeIsSendTime);
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

for (
  const [what, extras] of [
    ["is cut off", '{"match_id":"1002","ledger_id":"0b9f'],
    ["is empty", ""],
    ["is JSON null", "null"],
    ["is a JSON list", '["1002"]'],
    ["is a number", 7],
    ["is null", null],
    ["holds blanks", '{"match_id":"","ledger_id":"","generation":""}'],
    ["holds nonsense", '{"match_id":"12a","ledger_id":"led_1","generation":"0"}'],
    ["holds numbers past counting", '{"match_id":"99999999999999999","generation":"9999999"}'],
    ["holds other things", '{"title":"Kick-off soon"}'],
  ] as const
) {
  Deno.test(`readBody() accepts an event whose echo ${what}, and ignores the echo`, () => {
    const { evidence } = readOne(currentsSend({ properties: { message_extras: extras } }));
    deepStrictEqual(
      { ledgerId: evidence.ledgerId, matchId: evidence.matchId, generation: evidence.generation },
      notEchoed,
    );
  });
}

Deno.test("readBody() keeps the valid parts of a partly invalid echo", () => {
  const extras = JSON.stringify({ match_id: "1002", ledger_id: "led_1", generation: "-1" });
  const { evidence } = readOne(currentsSend({ properties: { message_extras: extras } }));
  strictEqual(evidence.matchId, 1002);
  strictEqual(evidence.ledgerId, null);
  strictEqual(evidence.generation, null);
});

Deno.test("readBody() reads an echo that is an object", () => {
  const extras = { match_id: 1002, ledger_id: LEDGER_ID.toUpperCase(), generation: 1 };
  const { ledgerId, matchId, generation } =
    readOne(currentsSend({ properties: { message_extras: extras } })).evidence;
  deepStrictEqual({ ledgerId, matchId, generation }, echoed);
});

Deno.test("readBody() treats blank ids as absent", () => {
  const blank = { campaign_id: "", dispatch_id: "", send_id: "" };
  const event = readOne(currentsSend({ user: { external_user_id: "" }, properties: blank }));
  strictEqual(event.externalUserId, null);
  strictEqual(event.evidence.campaignId, null);
  strictEqual(event.evidence.dispatchId, null);
  strictEqual(event.evidence.sendId, null);
});

Deno.test("readBody() recognises a test send by its missing dispatch id", () => {
  const { evidence } = readOne(
    currentsSend({ properties: { dispatch_id: "dispatch_id_for_unsent_campaign" } }),
  );
  strictEqual(evidence.isTest, true);
  strictEqual(evidence.dispatchId, null);
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
