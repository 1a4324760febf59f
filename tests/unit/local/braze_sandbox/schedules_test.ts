import { deepStrictEqual, match, notStrictEqual, strictEqual } from "node:assert/strict";
import { CAMPAIGN_ID, order, postedEvents, START, teamAudience, world } from "./support.ts";

const CREATE = "/campaigns/trigger/schedule/create";
const UPDATE = "/campaigns/trigger/schedule/update";
const DELETE = "/campaigns/trigger/schedule/delete";

Deno.test("create answers 201 with ids of the documented formats and rate-limit headers", async () => {
  const { post } = world();
  const { status, body, headers } = await post(CREATE, order());
  strictEqual(status, 201);
  strictEqual(body.message, "success");
  match(body.schedule_id, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  match(body.dispatch_id, /^[0-9a-f]{32}$/);
  strictEqual(body.send_id, undefined);
  strictEqual(headers.get("x-ratelimit-limit"), "10");
  strictEqual(headers.get("x-ratelimit-remaining"), "9");
  strictEqual(headers.get("x-ratelimit-reset"), `${Date.parse(START) / 1_000 + 60}`);
});

const REFUSALS: readonly [string, Record<string, unknown>, RegExp][] = [
  ["an unknown campaign", { campaign_id: "other" }, /campaign/],
  ["an unparsable time", { schedule: { time: "tomorrow" } }, /Cannot parse send_at datetime/],
  ["no time", { schedule: {} }, /Cannot parse send_at datetime/],
  ["no recipients", { audience: undefined }, /No recipients/],
  ["an empty audience", { audience: { AND: [] } }, /at least one filter/],
  ["an unknown filter", { audience: { segment: { name: "x" } } }, /segment is not supported/],
  ["a send id that was never created", { send_id: "match-1" }, /send_id/],
  ["trigger properties over 50 KB", { trigger_properties: { text: "x".repeat(51_200) } }, /50 KB/],
  [
    "51 recipients",
    { audience: undefined, recipients: Array(51).fill({ external_user_id: "u-000001" }) },
    /At most 50/,
  ],
  [
    "recipients with broadcast",
    { broadcast: true, recipients: [{ external_user_id: "u-000001" }] },
    /cannot be combined/,
  ],
];

for (const [what, overrides, reason] of REFUSALS) {
  Deno.test(`create refuses ${what} with 400 and English text`, async () => {
    const { post, sandbox } = world();
    const { status, body } = await post(CREATE, order(overrides));
    strictEqual(status, 400);
    match(body.message, reason);
    strictEqual(body.code, undefined);
    strictEqual(sandbox.model.schedules.all.length, 0);
  });
}

Deno.test("create accepts an audience without broadcast unless the switch requires it", async () => {
  const lenient = await world().post(CREATE, order());
  strictEqual(lenient.status, 201);
  const strict = world({ audienceNeedsBroadcast: true });
  strictEqual((await strict.post(CREATE, order())).status, 400);
  strictEqual((await strict.post(CREATE, order({ broadcast: true }))).status, 201);
});

Deno.test("create returns the ids that the switches select, and the later dispatch id may differ", async () => {
  const bare = await world({ createAnswersDispatchId: false }).post(CREATE, order());
  strictEqual(bare.body.dispatch_id, undefined);

  const full = world({ createAnswersSendId: true, dispatchIdKept: false });
  await full.post("/sends/id/create", { campaign_id: CAMPAIGN_ID, send_id: "match-1" });
  const { body } = await full.post(CREATE, order({ send_id: "match-1" }));
  strictEqual(body.send_id, "match-1");
  await full.timeline.advanceTo("2024-12-07T12:00:00Z");
  const seen = new Set(postedEvents(full).map(({ properties }) => properties["dispatch_id"]));
  strictEqual(seen.size, 1);
  notStrictEqual([...seen][0], body.dispatch_id);
});

Deno.test("update moves the send and nothing is sent at the old time", async () => {
  const at = world({ sendSpreadSeconds: 0, openProbability: 0, abortProbability: 0 });
  const id = await at.schedule();
  const { status, body } = await at.post(UPDATE, {
    campaign_id: CAMPAIGN_ID,
    schedule_id: id,
    schedule: { time: "2024-12-07T13:00:00Z" },
  });
  deepStrictEqual([status, body], [201, { message: "success" }]);
  await at.timeline.advanceTo("2024-12-07T12:59:00Z");
  strictEqual(at.timeline.posted.length, 0);
  await at.timeline.advanceTo("2024-12-07T14:00:00Z");
  const times = new Set(postedEvents(at).map(({ time }) => time));
  deepStrictEqual([...times], [Date.parse("2024-12-07T13:00:00Z") / 1_000]);
});

Deno.test("delete cancels the send", async () => {
  const at = world();
  const id = await at.schedule();
  const { status } = await at.post(DELETE, { campaign_id: CAMPAIGN_ID, schedule_id: id });
  strictEqual(status, 201);
  await at.timeline.advanceTo("2024-12-08T00:00:00Z");
  strictEqual(at.timeline.posted.length, 0);
  strictEqual(at.sandbox.model.groundTruth.entries.length, 0);
});

Deno.test("update and delete answer for missing schedules as the switches select, without effect", async () => {
  for (const mode of ["refuse", "accept"] as const) {
    const at = world({ onUpdateMissing: mode, onDeleteMissing: mode });
    const sent = await at.schedule({ schedule: { time: "2024-12-07T06:10:00Z" } });
    const deleted = await at.schedule();
    await at.post(DELETE, { campaign_id: CAMPAIGN_ID, schedule_id: deleted });
    await at.timeline.advanceTo("2024-12-07T07:00:00Z");
    const groundTruth = at.sandbox.model.groundTruth.entries.length;
    for (const id of [sent, deleted, "unknown"]) {
      const body = { campaign_id: CAMPAIGN_ID, schedule_id: id };
      const moved = { ...body, schedule: { time: "2024-12-07T09:00:00Z" } };
      const expected = mode === "refuse" ? 400 : 201;
      strictEqual((await at.post(UPDATE, moved)).status, expected);
      strictEqual((await at.post(DELETE, body)).status, expected);
    }
    await at.timeline.advanceTo("2024-12-07T10:00:00Z");
    strictEqual(at.sandbox.model.groundTruth.entries.length, groundTruth);
  }
});

Deno.test("a delete close to the send takes effect for some of the users only", async () => {
  const at = world({ nearSendSeconds: 60, nearSendSurvivalProbability: 0.5 });
  const kept = world();
  const id = await at.schedule();
  await kept.schedule();
  await at.timeline.advanceTo("2024-12-07T11:29:30Z");
  await at.post(DELETE, { campaign_id: CAMPAIGN_ID, schedule_id: id });
  for (const { timeline } of [at, kept]) await timeline.advanceTo("2024-12-07T13:00:00Z");
  const [some, all] = [at, kept].map(({ sandbox }) =>
    new Set(sandbox.model.groundTruth.entries.map(({ user }) => user.index)).size
  );
  strictEqual(some! > 0 && some! < all! * 0.8, true, `${some} of ${all}`);
  strictEqual(at.sandbox.model.schedules.find(id)?.state, "deleted");
});

Deno.test("a late update sends to each user once: at the old time or at the new", async () => {
  const at = world({ nearSendSeconds: 60, abortProbability: 0, openProbability: 0 });
  const id = await at.schedule();
  await at.timeline.advanceTo("2024-12-07T11:29:30Z");
  const time = "2024-12-07T12:30:00Z";
  await at.post(UPDATE, { campaign_id: CAMPAIGN_ID, schedule_id: id, schedule: { time } });
  await at.timeline.advanceTo("2024-12-07T14:00:00Z");
  const sends = at.sandbox.model.groundTruth.entries.filter(({ type }) => type.endsWith("Send"));
  const devices = sends.map(({ device }) => device!.id);
  strictEqual(new Set(devices).size, devices.length);
  strictEqual(new Set(sends.map(({ time }) => Math.floor(time / 1_800))).size, 2);
});

Deno.test("a time in the past is sent at once or refused", async () => {
  const past = order({ schedule: { time: "2024-12-07T05:00:00Z" } });
  const eager = world({ sendSpreadSeconds: 0 });
  strictEqual((await eager.post(CREATE, past)).status, 201);
  await eager.timeline.advanceTo("2024-12-07T06:05:00Z");
  strictEqual(postedEvents(eager)[0]?.time, Date.parse(START) / 1_000);
  strictEqual((await world({ onPastTime: "refuse" }).post(CREATE, past)).status, 400);
});

Deno.test("stopping the campaign cancels queued schedules, and resuming restores them if the switch says so", async () => {
  for (const returns of [false, true]) {
    const at = world({ schedulesReturnOnResume: returns });
    const id = await at.schedule();
    await at.post("/_sandbox/campaign", { state: "stopped" });
    strictEqual(at.sandbox.model.schedules.find(id)?.state, "stopped");
    const refused = await at.post(CREATE, order());
    strictEqual(refused.status, 400);
    match(refused.body.message, /paused/);
    const details = await at.get(`/campaigns/details?campaign_id=${CAMPAIGN_ID}`);
    deepStrictEqual(
      [details.body.enabled, details.body.archived, details.body.draft],
      [false, false, false],
    );
    await at.post("/_sandbox/campaign", { state: "enabled" });
    await at.timeline.advanceTo("2024-12-07T13:00:00Z");
    strictEqual(at.sandbox.model.schedules.find(id)?.state, returns ? "sent" : "stopped");
    strictEqual(at.sandbox.model.groundTruth.entries.length > 0, returns);
  }
});

Deno.test("a schedule made while the campaign is stopped is never sent", async () => {
  const at = world({ onStoppedCampaign: "accept" });
  await at.post("/_sandbox/campaign", { state: "archived" });
  await at.schedule();
  await at.timeline.advanceTo("2024-12-07T13:00:00Z");
  strictEqual(at.sandbox.model.groundTruth.entries.length, 0);
});

Deno.test("recipients are named users, each with trigger properties that override the shared ones", async () => {
  const at = world({ abortProbability: 0, openProbability: 0, bounceProbability: 0 });
  const [reachable, other] = at.sandbox.model.users.all.filter((user) => user.pushEnabled);
  await at.schedule({
    audience: undefined,
    recipients: [
      { external_user_id: reachable!.externalId, trigger_properties: { match_id: 2002 } },
      { external_user_id: other!.externalId },
      { external_user_id: "nobody" },
    ],
  });
  await at.timeline.advanceTo("2024-12-07T13:00:00Z");
  const extras = new Map(
    postedEvents(at).map(({ user, properties }) => [
      user["external_user_id"],
      JSON.parse(properties["message_extras"]!).match_id,
    ]),
  );
  deepStrictEqual(extras, new Map([[reachable!.externalId, "2002"], [other!.externalId, "1001"]]));
});

Deno.test("limits allow ten creates a minute for one audience, for any schedule and properties", async () => {
  const { post, timeline } = world();
  for (let i = 0; i < 10; i++) {
    const own = order({
      trigger_properties: { match_id: i },
      schedule: { time: `2024-12-07T1${i}:00:00Z` },
    });
    strictEqual((await post(CREATE, own)).status, 201);
  }
  const refused = await post(CREATE, order());
  strictEqual(refused.status, 429);
  strictEqual(refused.headers.get("x-ratelimit-remaining"), "0");
  strictEqual(
    (await post(CREATE, order({ audience: teamAudience("Fulham") }))).status,
    201,
    "another audience has its own ten",
  );
  await timeline.advanceTo("2024-12-07T06:01:00Z");
  strictEqual((await post(CREATE, order())).status, 201);
});

Deno.test("limits allow 250 creates a minute over all audiences", async () => {
  const { post } = world();
  const statuses: number[] = [];
  for (let i = 0; i < 251; i++) {
    const { status } = await post(CREATE, order({ audience: teamAudience(`Team ${i}`) }));
    statuses.push(status);
  }
  strictEqual(statuses.slice(0, 250).every((status) => status === 201), true);
  strictEqual(statuses[250], 429);
});

Deno.test("limits allow a hundred send ids a day", async () => {
  const { post, timeline } = world();
  const create = (i: number) =>
    post("/sends/id/create", { campaign_id: CAMPAIGN_ID, send_id: `match-${i}` });
  for (let i = 0; i < 100; i++) strictEqual((await create(i)).status, 201);
  strictEqual((await create(100)).status, 429);
  await timeline.advanceTo("2024-12-08T00:00:00Z");
  strictEqual((await create(100)).status, 201);
});

Deno.test("send ids are at most 64 ASCII characters, and generated if none is given", async () => {
  const { post } = world();
  const create = (send_id?: string) =>
    post("/sends/id/create", { campaign_id: CAMPAIGN_ID, send_id });
  strictEqual((await create("x".repeat(65))).status, 400);
  strictEqual((await create("größe")).status, 400);
  const { body } = await create();
  match(body.send_id, /^[0-9a-f]+$/);
});
