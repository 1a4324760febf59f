import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { TEAM_ATTRIBUTES } from "../../../../local/braze_sandbox/users.ts";
import { count, LIVERPOOL_FANS, postedEvents, teamAudience, world } from "./support.ts";

const QUIET = { abortProbability: 0, bounceProbability: 0, openProbability: 0 } as const;
const SEND_SECONDS = Date.parse("2024-12-07T11:30:00Z") / 1_000;
const LATER = "2024-12-07T14:00:00Z";

Deno.test("a send produces one push Send for each device of each push-enabled user of the audience", async () => {
  const at = world(QUIET);
  await at.schedule();
  await at.timeline.advanceTo(LATER);
  const expected = at.sandbox.model.users.all
    .filter((user) =>
      user.pushEnabled && TEAM_ATTRIBUTES.some((name) => user.attributes[name] === "Liverpool")
    )
    .flatMap((user) => user.devices.map((device) => device.id));
  const sent = new Set(postedEvents(at).map(({ user }) => user["device_id"]));
  ok(expected.length > 50);
  deepStrictEqual([...sent].toSorted(), expected.toSorted());
});

Deno.test("a Send event has the documented nested shape and echoes the trigger properties as text", async () => {
  const at = world(QUIET);
  await at.post("/sends/id/create", {
    campaign_id: at.sandbox.model.campaign.id,
    send_id: "match-1001",
  });
  await at.schedule({ send_id: "match-1001" });
  await at.timeline.advanceTo(LATER);
  const [event] = postedEvents(at);
  ok(event);
  deepStrictEqual(Object.keys(event), ["event_type", "id", "time", "user", "properties"]);
  deepStrictEqual(Object.keys(event.user), [
    "user_id",
    "external_user_id",
    "device_id",
    "timezone",
  ]);
  strictEqual(event.properties["send_id"], "match-1001");
  strictEqual(
    event.properties["dispatch_id"],
    at.sandbox.model.schedules.all[0]!.answeredDispatchId,
  );
  strictEqual(
    event.properties["message_extras"],
    '{"match_id":"1001","ledger_id":"led-1","generation":"1","attempt_id":""}',
  );
});

Deno.test("event times are whole seconds within the spread after the scheduled time", async () => {
  const at = world({ ...QUIET, sendSpreadSeconds: 30 });
  await at.schedule();
  await at.timeline.advanceTo(LATER);
  const times = postedEvents(at).map(({ time }) => time - SEND_SECONDS);
  ok(times.every((time) => Number.isInteger(time) && time >= 0 && time <= 30));
  ok(new Set(times).size > 10);
});

Deno.test("aborts replace all Sends of a user; bounces and opens follow one, without an echo", async () => {
  const at = world({ abortProbability: 0.2, bounceProbability: 0.2, openProbability: 0.5 });
  await at.schedule();
  await at.timeline.advanceTo(LATER);
  const events = postedEvents(at);
  const ofType = (type: string) => events.filter(({ event_type }) => event_type.endsWith(type));
  const sent = new Map(ofType(".Send").map(({ user, time }) => [user["device_id"], time]));
  const sentUsers = new Set(ofType(".Send").map(({ user }) => user["user_id"]));
  for (const type of [".Abort", ".Bounce", ".Open"]) ok(ofType(type).length > 0, type);
  for (const { user, properties } of ofType(".Abort")) {
    strictEqual(properties["abort_type"], "frequency_capped");
    strictEqual(sentUsers.has(user["user_id"]), false);
  }
  for (const { user, properties } of [...ofType(".Bounce"), ...ofType(".Open")]) {
    ok(sent.has(user["device_id"]));
    strictEqual(properties["message_extras"], undefined);
    ok(properties["dispatch_id"]);
  }
  for (const { user, time } of ofType(".Open")) ok(time > sent.get(user["device_id"])!);
});

Deno.test("events carry ids and echoes only as the switches say", async () => {
  const at = world({
    ...QUIET,
    eventsCarryDispatchId: false,
    eventsCarrySendId: false,
    eventsCarryEcho: false,
    webhook: { enabled: true },
  });
  await at.schedule();
  await at.timeline.advanceTo(LATER);
  for (const { properties } of postedEvents(at)) {
    for (const key of ["dispatch_id", "send_id", "message_extras"]) {
      strictEqual(key in properties, false);
    }
  }
  const message = JSON.parse(
    at.timeline.posted.find(({ headers }) => headers.has("x-webhook-secret"))!.body,
  );
  for (const key of ["dispatch_id", "match_id", "ledger_id"]) strictEqual(key in message, false);
});

Deno.test("the audience is evaluated by the webhook channel for users without push too", async () => {
  const at = world({ ...QUIET, webhook: { enabled: true, duplicateProbability: 0 } });
  await at.schedule();
  await at.timeline.advanceTo(LATER);
  const messages = at.timeline.posted.filter(({ headers }) => headers.has("x-webhook-secret"));
  strictEqual(messages.length, at.sandbox.model.users.followersOf("Liverpool"));
  const users = messages.map(({ body }) => JSON.parse(body).external_user_id);
  strictEqual(new Set(users).size, messages.length);
  const first = JSON.parse(messages[0]!.body);
  deepStrictEqual(
    [first.v, first.event_type, first.match_id, first.ledger_id, first.generation],
    [1, "campaign.webhook", "1001", "led-1", "1"],
  );
  strictEqual(first.dispatch_id, at.sandbox.model.schedules.all[0]!.dispatchId);
});

Deno.test("one schedule can have many dispatch ids", async () => {
  const at = world({ ...QUIET, dispatchIdsPerSchedule: 5 });
  await at.schedule();
  await at.timeline.advanceTo(LATER);
  const ids = new Set(postedEvents(at).map(({ properties }) => properties["dispatch_id"]));
  strictEqual(ids.size, 5);
});

Deno.test("schedules of the same second can share a dispatch id for some users", async () => {
  const at = world({ ...QUIET, sharedDispatchProbability: 0.4 });
  const first = await at.schedule();
  await at.schedule({
    audience: teamAudience("Everton"),
    trigger_properties: { match_id: 1002 },
  });
  await at.schedule({ schedule: { time: "2024-12-07T11:30:01Z" } });
  await at.timeline.advanceTo(LATER);
  const { groundTruth, schedules } = at.sandbox.model;
  const shared = schedules.find(first)!.dispatchId;
  const bySchedule = schedules.all.map(({ id }) =>
    count(groundTruth.of(id), (entry) => entry.dispatchId === shared) / groundTruth.of(id).length
  );
  strictEqual(bySchedule[0], 1);
  ok(bySchedule[1]! > 0.2 && bySchedule[1]! < 0.6);
  strictEqual(bySchedule[2], 0, "another second shares nothing");
});

Deno.test("batches hold at most 100 events and may mix those of different sends", async () => {
  const at = world({ ...QUIET, sendSpreadSeconds: 0 });
  await at.schedule();
  await at.schedule({ audience: teamAudience("Everton"), trigger_properties: { match_id: 1002 } });
  await at.timeline.advanceTo(LATER);
  const batches = at.timeline.posted.map(({ body }) => JSON.parse(body).events);
  ok(batches.some((events) => events.length === 100));
  ok(batches.every((events) => events.length <= 100));
  const schedulesIn = batches.map((events) =>
    new Set(
      events.map((event: { properties: { message_extras: string } }) =>
        event.properties.message_extras
      ),
    ).size
  );
  ok(count(schedulesIn, (n) => n === 2) > 1, "shuffled together, not merely adjoining");
});

Deno.test("the same seed produces the same deliveries", async () => {
  const deliveries = async () => {
    const at = world({ webhook: { enabled: true } }, { seed: 42 });
    await at.schedule({ audience: LIVERPOOL_FANS });
    await at.timeline.advanceTo(LATER);
    return at.timeline.posted.map(({ body, at }) => `${at.toISOString()} ${body}`).toSorted();
  };
  deepStrictEqual(await deliveries(), await deliveries());
});

Deno.test("event ids are unique over sends", async () => {
  const at = world();
  for (let i = 0; i < 10; i++) await at.schedule({ trigger_properties: { match_id: i } });
  await at.timeline.advanceTo(LATER);
  const ids = at.sandbox.model.groundTruth.entries.map(({ id }) => id);
  strictEqual(new Set(ids).size, ids.length);
});
