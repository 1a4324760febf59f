import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { SEND_GATES } from "../../../../local/braze_sandbox/connected_content.ts";
import { readTemplateGate } from "../../../../supabase/functions/_shared/braze/campaign_gate.ts";
import { CampaignDetails } from "../../../../supabase/functions/_shared/braze/schemas.ts";
import { succeeded } from "../../../support/fake_braze.ts";
import { CAMPAIGN_ID, count, teamAudience, type World, world } from "./support.ts";

const TOMORROW = "/messages/scheduled_broadcasts?end_time=2024-12-08";
const LATER = "2024-12-07T16:00:00Z";

/** The entries of our campaign: the workspace has another one. */
async function ours({ get }: World, path = TOMORROW) {
  const { status, body } = await get(path);
  strictEqual(status, 200);
  return body.scheduled_broadcasts.filter(({ id }: { id: string }) => id === CAMPAIGN_ID);
}

async function twoSchedules(at: World): Promise<string[]> {
  return [
    await at.schedule({ schedule: { time: "2024-12-07T14:00:00Z" } }),
    await at.schedule({
      audience: teamAudience("Everton"),
      trigger_properties: { match_id: 1002 },
    }),
  ];
}

Deno.test("the listing per campaign has one entry without any schedule id", async () => {
  const at = world({ listingMode: "per_campaign" });
  await twoSchedules(at);
  deepStrictEqual(await ours(at), [{
    name: "Match reminder (API-triggered)",
    id: CAMPAIGN_ID,
    type: "Campaign",
    tags: ["football"],
    next_send_time: "2024-12-07T11:30:00Z",
    schedule_type: "UTC",
  }]);
});

Deno.test("the listing per schedule has the documented fields", async () => {
  const at = world({ listingMode: "per_schedule" });
  const [later, sooner] = await twoSchedules(at);
  const entries = await ours(at);
  deepStrictEqual(entries.map((entry: { schedule_id: string }) => entry.schedule_id), [
    sooner,
    later,
  ]);
  const schedule = at.sandbox.model.schedules.find(sooner!)!;
  deepStrictEqual(
    [entries[0].campaign_id, entries[0].trigger_properties, entries[0].dispatch_id],
    [CAMPAIGN_ID, { match_id: 1002 }, schedule.dispatchId],
  );
  strictEqual(entries[0].send_id, schedule.sendId);
  strictEqual(entries[0].next_send_time, "2024-12-07T11:30:00Z");
});

Deno.test("the omitting listing still shows other schedules", async () => {
  const at = world({ listingMode: "omit" });
  await twoSchedules(at);
  deepStrictEqual(await ours(at), []);
  strictEqual((await at.get(TOMORROW)).body.scheduled_broadcasts.length, 1);
});

Deno.test("the listing reads end_time as midnight UTC of its date, and requires it", async () => {
  const at = world({ listingMode: "per_schedule" });
  await twoSchedules(at);
  deepStrictEqual(
    await ours(at, "/messages/scheduled_broadcasts?end_time=2024-12-07T23:59:59Z"),
    [],
  );
  strictEqual((await at.get("/messages/scheduled_broadcasts")).status, 400);
});

Deno.test("the listing omits sent, deleted and cancelled schedules, and lags if configured to", async () => {
  const at = world({ listingMode: "per_schedule" });
  const [, sooner] = await twoSchedules(at);
  await at.patch("/_sandbox/switches", { listing_lag_seconds: 300 });
  deepStrictEqual(await ours(at), [], "not seen yet");
  await at.timeline.advanceTo("2024-12-07T06:05:00Z");
  strictEqual((await ours(at)).length, 2);
  await at.post("/_sandbox/dashboard/cancel", { schedule_id: sooner });
  strictEqual((await ours(at)).length, 2, "still seen");
  await at.timeline.advanceTo("2024-12-07T06:10:00Z");
  strictEqual((await ours(at)).length, 1);
  await at.timeline.advanceTo("2024-12-07T14:00:01Z");
  strictEqual((await ours(at)).length, 1, "sent, and still seen");
  await at.timeline.advanceTo("2024-12-07T14:05:00Z");
  strictEqual((await ours(at)).length, 0);
});

Deno.test("a late listing shows a moved schedule at the time that it has left", async () => {
  const at = world({ listingMode: "per_schedule", listingLagSeconds: 60 });
  const [first] = await twoSchedules(at);
  await at.timeline.advanceTo("2024-12-07T06:10:00Z");
  const [before] = (await ours(at)).filter(({ schedule_id }: { schedule_id: string }) =>
    schedule_id === first
  );
  await at.post("/campaigns/trigger/schedule/update", {
    campaign_id: CAMPAIGN_ID,
    schedule_id: first,
    schedule: { time: "2024-12-07T16:00:00Z" },
  });
  const timeOf = async () =>
    (await ours(at)).find(({ schedule_id }: { schedule_id: string }) => schedule_id === first)
      ?.next_send_time;
  strictEqual(await timeOf(), before?.next_send_time);
  await at.timeline.advanceTo("2024-12-07T06:11:00Z");
  strictEqual(await timeOf(), "2024-12-07T16:00:00Z");
});

Deno.test("the listing of campaigns has the documented fields and no others, and no message", async () => {
  const at = world({ listingMode: "per_campaign" });
  await twoSchedules(at);
  const { body } = await at.get(`/messages/scheduled_broadcasts?end_time=2024-12-14T00:00:00Z`);
  deepStrictEqual(Object.keys(body), ["scheduled_broadcasts"]);
  for (const entry of body.scheduled_broadcasts as object[]) {
    deepStrictEqual(
      Object.keys(entry).sort(),
      ["id", "name", "next_send_time", "schedule_type", "tags", "type"],
    );
  }
});

Deno.test("the listing is short if configured to, and may write times without a zone", async () => {
  const at = world({ listingMode: "per_schedule", listingMax: 1, listingTimeZone: "none" });
  await twoSchedules(at);
  const [entry, ...more] = await ours(at);
  deepStrictEqual(more, []);
  match(String(entry?.next_send_time), /^2024-12-07 \d\d:\d\d:00$/);
  strictEqual(entry?.schedule_type, "local_time_zones");
});

Deno.test("the listing shows another campaign instead of ours if configured to", async () => {
  const at = world({ listingMode: "per_schedule", listingCampaign: "another" });
  await twoSchedules(at);
  deepStrictEqual(await ours(at), []);
  const { body } = await at.get(`/messages/scheduled_broadcasts?end_time=2024-12-14T00:00:00Z`);
  const entries = body.scheduled_broadcasts as { readonly schedule_id?: string }[];
  strictEqual(entries.filter(({ schedule_id }) => schedule_id !== undefined).length, 2);
});

Deno.test("campaign details follow the state and the sends, with messages keyed by variation", async () => {
  const at = world();
  const read = async () => (await at.get(`/campaigns/details?campaign_id=${CAMPAIGN_ID}`)).body;
  const before = await read();
  deepStrictEqual(
    [before.enabled, before.archived, before.draft, before.first_sent, before.channels],
    [true, false, false, null, ["ios_push", "android_push"]],
  );
  strictEqual(before.messages[Object.keys(before.messages)[0]!].channel, "ios_push");
  await twoSchedules(at);
  await at.timeline.advanceTo(LATER);
  const after = await read();
  deepStrictEqual(
    [after.first_sent, after.last_sent],
    ["2024-12-07T11:30:00Z", "2024-12-07T14:00:00Z"],
  );
  for (const state of ["archived", "draft"] as const) {
    await at.post("/_sandbox/campaign", { state });
    strictEqual((await read())[state], true);
    strictEqual((await read()).enabled, false);
  }
  strictEqual((await at.get("/campaigns/details?campaign_id=other")).status, 400);
});

Deno.test("campaign details show the send gate at the beginning of each message", async () => {
  const found: unknown[] = [];
  for (const sendGate of SEND_GATES) {
    const { get } = world({ sendGate, webhook: { enabled: true } });
    const { body } = await get(`/campaigns/details?campaign_id=${CAMPAIGN_ID}`);
    found.push(readTemplateGate(succeeded(CampaignDetails.parse(body))));
  }
  deepStrictEqual(found, ["none", "fail_open", "fail_closed"]);
});

Deno.test("send statistics count everything sent under that send id, delivered to us or not", async () => {
  const at = world({ currents: { lossProbability: 0.5 }, bounceProbability: 0.1 });
  for (const send_id of ["a", "b"]) {
    await at.post("/sends/id/create", { campaign_id: CAMPAIGN_ID, send_id });
  }
  const first = await at.schedule({ send_id: "a" });
  await at.schedule({ send_id: "b" });
  await at.timeline.advanceTo(LATER);
  const query = `campaign_id=${CAMPAIGN_ID}&send_id=a&length=3`;
  const { body } = await at.get(`/sends/data_series?${query}`);
  deepStrictEqual(body.data.map(({ time }: { time: string }) => time), [
    "2024-12-05",
    "2024-12-06",
    "2024-12-07",
  ]);
  const entries = at.sandbox.model.groundTruth.of(first);
  const sends = entries.filter(({ type }) => type.endsWith(".Send"));
  const day = body.data[2];
  const [ios, android] = [day.messages.ios_push[0], day.messages.android_push[0]];
  strictEqual(ios.sent + android.sent, sends.length);
  strictEqual(
    ios.bounces + android.bounces,
    count(entries, ({ type }) => type.endsWith(".Bounce")),
  );
  strictEqual(ios.delivered, ios.sent - ios.bounces);
  strictEqual(day.unique_recipients, new Set(sends.map(({ user }) => user.index)).size);
  deepStrictEqual(body.data[0].messages, {});
});

Deno.test("send statistics are kept for 14 days, may lag, and require a known send id", async () => {
  const at = world();
  await at.post("/sends/id/create", { campaign_id: CAMPAIGN_ID, send_id: "a" });
  await at.schedule({ send_id: "a" });
  const total = async () => {
    const query = `campaign_id=${CAMPAIGN_ID}&send_id=a&length=30`;
    const { body } = await at.get(`/sends/data_series?${query}`);
    return body.data.reduce(
      (n: number, day: { unique_recipients: number }) => n + day.unique_recipients,
      0,
    );
  };
  await at.timeline.advanceTo(LATER);
  ok(await total() > 0);
  await at.patch("/_sandbox/switches", { statistics_lag_seconds: 86_400 });
  strictEqual(await total(), 0);
  await at.timeline.advanceTo("2024-12-09T00:00:00Z");
  ok(await total() > 0);
  await at.timeline.advanceTo("2024-12-23T00:00:00Z");
  strictEqual(await total(), 0);

  for (
    const query of [
      `campaign_id=${CAMPAIGN_ID}&send_id=other&length=3`,
      `campaign_id=${CAMPAIGN_ID}&length=3`,
      `campaign_id=${CAMPAIGN_ID}&send_id=a`,
      `campaign_id=${CAMPAIGN_ID}&send_id=a&length=101`,
      "campaign_id=other&send_id=a&length=3",
    ]
  ) strictEqual((await at.get(`/sends/data_series?${query}`)).status, 400, query);
});

Deno.test("campaign statistics sum all sends and name variations by id", async () => {
  const at = world({ webhook: { enabled: true } });
  await twoSchedules(at);
  await at.timeline.advanceTo(LATER);
  const { body, headers } = await at.get(
    `/campaigns/data_series?campaign_id=${CAMPAIGN_ID}&length=1&ending_at=2024-12-07T23:00:00Z`,
  );
  const [day] = body.data;
  const { groundTruth, campaign } = at.sandbox.model;
  strictEqual(
    day.messages.ios_push[0].sent + day.messages.android_push[0].sent,
    count(groundTruth.entries, ({ type }) => type.endsWith(".Send")),
  );
  strictEqual(day.messages.ios_push[0].variation_api_id, campaign.variation("ios_push").id);
  strictEqual(
    day.messages.webhook[0].sent,
    count(groundTruth.entries, ({ kind }) => kind === "webhook"),
  );
  strictEqual(headers.get("x-ratelimit-limit"), "50000");
});

Deno.test("there is one segment for each team, with the users that a push can reach who have it in any attribute", async () => {
  const at = world();
  const { body: list } = await at.get("/segments/list?page=0");
  deepStrictEqual(list.segments.map(({ name }: { name: string }) => name), [
    "Team: Everton",
    "Team: Liverpool",
    "Team: Fulham",
  ]);
  const { id } = list.segments[1];
  strictEqual(id, at.sandbox.model.segmentOf("Liverpool")?.id);
  const { body: details } = await at.get(`/segments/details?segment_id=${id}`);
  match(details.description, /Liverpool/);
  strictEqual("size" in details, false);
  const { body: series } = await at.get(`/segments/data_series?segment_id=${id}&length=2`);
  const followers = at.sandbox.model.users.all.filter(({ attributes, pushEnabled }) =>
    pushEnabled && Object.values(attributes).includes("Liverpool")
  );
  deepStrictEqual(series.data, [
    { time: "2024-12-06", size: followers.length },
    { time: "2024-12-07", size: followers.length },
  ]);
  strictEqual((await at.get("/segments/details?segment_id=other")).status, 400);
  strictEqual((await at.get("/segments/list?page=1")).body.segments.length, 0);
});
