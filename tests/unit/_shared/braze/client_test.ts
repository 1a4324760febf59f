import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import type { BrazeClient } from "../../../../supabase/functions/_shared/braze/client.ts";
import type { CreateScheduleBody } from "../../../../supabase/functions/_shared/braze/schemas.ts";
import { connect, START, withBraze } from "../../../support/braze_server.ts";
import { ManualClock } from "../../../support/manual_clock.ts";

const filter = {
  custom_attribute: { custom_attribute_name: "Team 1", comparison: "is_any_of", value: ["Fulham"] },
};
const body: CreateScheduleBody = {
  campaign_id: "campaign-1",
  broadcast: false,
  audience: { OR: [filter] },
  schedule: { time: "2024-12-07T14:00:00Z" },
};
const created = { message: "success", schedule_id: "schedule-1", dispatch_id: "dispatch-1" };

function recipients(count: number) {
  return Array.from({ length: count }, (_, index) => ({ external_user_id: `user-${index}` }));
}

const { audience: _audience, ...withoutAudience } = body;

for (
  const [what, refused, fault] of [
    ["no audience and no recipients", withoutAudience, /audience must be an object/],
    ["no audience but broadcast", { ...withoutAudience, broadcast: true }, /audience/],
    ["an audience without a filter", { ...body, audience: {} }, /exactly one filter/],
    ["an empty OR", { ...body, audience: { OR: [] } }, /audience\.OR must not be empty/],
    [
      "an empty AND deep inside",
      { ...body, audience: { OR: [filter, { AND: [] }] } },
      /OR\.1\.AND/,
    ],
    ["an empty filter", { ...body, audience: { AND: [{}] } }, /AND\.0 must hold exactly one/],
    ["two filters side by side", { ...body, audience: { ...filter, OR: [filter] } }, /got 2/],
    ["51 recipients", { ...withoutAudience, recipients: recipients(51) }, /recipients/],
    ["an empty list of recipients", { ...body, recipients: [] }, /recipients/],
    ["broadcast to recipients", {
      ...withoutAudience,
      broadcast: true,
      recipients: recipients(1),
    }, /broadcast/],
    ["trigger properties over 50 KB", {
      ...body,
      trigger_properties: { text: "ü".repeat(25_000) },
    }, /50000 bytes/],
    ["a recipient's properties over 50 KB", {
      ...withoutAudience,
      recipients: [{ trigger_properties: { text: "x".repeat(50_000) } }],
    }, /50000 bytes/],
    ["a send id of 65 characters", { ...body, send_id: "s".repeat(65) }, /send_id must be 1 to 64/],
    ["a time that is none", { ...body, schedule: { time: "tomorrow" } }, /schedule time/],
    ["a name that Braze does not know", { ...body, segment_id: "segment-1" }, /segment_id/],
  ] as const
) {
  Deno.test(`createSchedule() refuses ${what}, and sends nothing`, () =>
    withBraze(() => Response.json(created), async ({ client, requests }) => {
      const result = await client.createSchedule(refused as CreateScheduleBody);
      ok(result.outcome === "failed");
      strictEqual(result.reason, "invalid_request");
      match(result.detail, fault);
      match(result.detail, /^Cannot create schedule: /);
      strictEqual(requests.length, 0);
    }));
}

Deno.test("createSchedule() accepts 50 recipients without an audience", () =>
  withBraze(() => Response.json(created), async ({ client }) => {
    const result = await client.createSchedule({ ...withoutAudience, recipients: recipients(50) });
    strictEqual(result.outcome, "succeeded");
  }));

/** What each call asks for and reads from a documented answer. */
const readings: readonly {
  readonly what: string;
  readonly call: (client: BrazeClient) => Promise<unknown>;
  readonly asks: string;
  readonly query?: Record<string, string>;
  readonly body?: unknown;
  readonly answer: unknown;
  readonly value: unknown;
}[] = [
  {
    what: "listScheduledBroadcasts() asks until the next midnight and needs no message",
    call: (client) => client.listScheduledBroadcasts(new Date("2024-12-14T06:00:00Z")),
    asks: "/messages/scheduled_broadcasts",
    query: { end_time: "2024-12-15T00:00:00Z" },
    answer: {
      scheduled_broadcasts: [{
        name: "Weekly digest",
        id: "campaign-9",
        type: "Campaign",
        tags: ["newsletter"],
        next_send_time: "2024-12-08 18:00:00 UTC",
        schedule_type: "Europe/Berlin",
      }],
    },
    value: [{
      campaignId: "campaign-9",
      scheduleId: null,
      isCanvas: false,
      sendAt: new Date("2024-12-08T18:00:00Z"),
      triggerProperties: null,
      dispatchId: null,
      sendId: null,
    }],
  },
  {
    what: "createSendId() requests the given id",
    call: (client) => client.createSendId({ campaignId: "campaign-1", sendId: "match-1" }),
    asks: "/sends/id/create",
    body: { campaign_id: "campaign-1", send_id: "match-1" },
    answer: { message: "success", send_id: "match-1" },
    value: { sendId: "match-1" },
  },
  {
    what: "sendStatistics() reads odd and missing numbers as null",
    call: (client) =>
      client.sendStatistics({ campaignId: "campaign-1", sendId: "match-1", lengthDays: 3 }),
    asks: "/sends/data_series",
    query: { campaign_id: "campaign-1", send_id: "match-1", length: "3" },
    answer: {
      message: "success",
      data: [{
        time: "2024-12-07T00:00:00.000Z",
        messages: { ios_push: [{ variation_name: "V", sent: 9120, bounces: "many" }] },
      }],
    },
    value: [{
      day: "2024-12-07",
      uniqueRecipients: null,
      channels: {
        ios_push: [{
          sent: 9120,
          delivered: null,
          bounces: null,
          directOpens: null,
          totalOpens: null,
          uniqueRecipients: null,
          errors: null,
        }],
      },
    }],
  },
  {
    what: "campaignStatistics() ends at the time that is asked for",
    call: (client) =>
      client.campaignStatistics({
        campaignId: "campaign-1",
        lengthDays: 1,
        endingAt: new Date("2024-12-08T00:00:00.500Z"),
      }),
    asks: "/campaigns/data_series",
    query: { campaign_id: "campaign-1", length: "1", ending_at: "2024-12-08T00:00:00Z" },
    answer: { message: "success", data: [{ time: "2024-12-07", unique_recipients: 7 }] },
    value: [{ day: "2024-12-07", uniqueRecipients: 7, channels: {} }],
  },
  {
    what: "campaignDetails() keeps no header and no secret part of an address",
    call: (client) => client.campaignDetails("campaign-1"),
    asks: "/campaigns/details",
    query: { campaign_id: "campaign-1" },
    answer: {
      message: "success",
      name: "Match reminder",
      archived: false,
      enabled: true,
      channels: ["webhook"],
      last_sent: "2024-11-30T16:20:11+01:00",
      messages: {
        "variation-1": {
          channel: "webhook",
          url: "https://user:pass@example.test/hook?secret=1#x",
          headers: { "X-Webhook-Secret": "s".repeat(32) },
          body: "{}",
        },
      },
    },
    value: {
      name: "Match reminder",
      archived: false,
      draft: null,
      enabled: true,
      hasPostLaunchDraft: null,
      scheduleType: null,
      channels: ["webhook"],
      updatedAt: null,
      firstSentAt: null,
      lastSentAt: new Date("2024-11-30T15:20:11Z"),
      messages: {
        "variation-1": { channel: "webhook", url: "https://example.test/hook", body: "{}" },
      },
    },
  },
  {
    what: "listSegments() reads one page",
    call: (client) => client.listSegments(2),
    asks: "/segments/list",
    query: { page: "2" },
    answer: { message: "success", segments: [{ id: "segment-1", name: "Fulham fans", tags: [] }] },
    value: [{ segmentId: "segment-1", name: "Fulham fans", analyticsTrackingEnabled: null }],
  },
  {
    what: "segmentDetails() reads a segment",
    call: (client) => client.segmentDetails("segment-1"),
    asks: "/segments/details",
    query: { segment_id: "segment-1" },
    answer: { message: "success", name: "Fulham fans", updated_at: "2024-12-01T00:00:00Z" },
    value: { name: "Fulham fans", description: null, updatedAt: new Date("2024-12-01T00:00:00Z") },
  },
  {
    what: "segmentStatistics() reads the estimated sizes",
    call: (client) => client.segmentStatistics({ segmentId: "segment-1", lengthDays: 2 }),
    asks: "/segments/data_series",
    query: { segment_id: "segment-1", length: "2" },
    answer: { message: "success", data: [{ time: "2024-12-07", size: 15210 }, { time: "x" }] },
    value: [{ day: "2024-12-07", size: 15210 }, { day: "x", size: null }],
  },
];

for (const { what, call, asks, query, body, answer, value } of readings) {
  Deno.test(what, () =>
    withBraze(() => Response.json(answer), async ({ client, requests }) => {
      const result = await call(client) as { outcome: string; value: unknown };
      strictEqual(result.outcome, "succeeded");
      deepStrictEqual(result.value, value);
      strictEqual(requests[0]?.path, asks);
      strictEqual(requests[0]?.method, body === undefined ? "GET" : "POST");
      deepStrictEqual(requests[0]?.query, query ?? {});
      strictEqual(requests[0]?.body, body === undefined ? "" : JSON.stringify(body));
    }));
}

Deno.test("listScheduledBroadcasts() cannot be read when one id in it cannot be", () =>
  withBraze(
    () =>
      Response.json({
        scheduled_broadcasts: [
          { id: "campaign-1", schedule_id: "schedule-1" },
          { id: "campaign-1", schedule_id: { odd: true } },
        ],
      }),
    async ({ client, requests }) => {
      const result = await client.listScheduledBroadcasts(new Date("2024-12-14T00:00:00Z"));
      ok(result.outcome === "unknown");
      strictEqual(result.reason, "unreadable_answer");
      match(result.detail, /scheduled_broadcasts\.1\.schedule_id/);
      strictEqual(requests.length, 4);
    },
  ));

Deno.test("createSendId() refuses a name that Braze would refuse", () =>
  withBraze(() => Response.json({}), async ({ client, requests }) => {
    for (const sendId of ["", "s".repeat(65), "größe", "a b"]) {
      const result = await client.createSendId({ campaignId: "campaign-1", sendId });
      strictEqual(result.outcome, "failed");
    }
    strictEqual(requests.length, 0);
  }));

/** A fetch that makes a schedule each time, and notes when. */
function counting() {
  const sentAtSeconds: number[] = [];
  const context = connect("http://127.0.0.1", {
    fetch: () => {
      sentAtSeconds.push((context.clock.now().getTime() - Date.parse(START)) / 1_000);
      return Promise.resolve(Response.json(created));
    },
  });
  return { ...context, sentAtSeconds };
}

const forTeam = (team: string): CreateScheduleBody => ({
  ...body,
  audience: { custom_attribute: { ...filter.custom_attribute, value: [team] } },
});

Deno.test("createSchedule() sends ten a minute for one audience, in any order of its keys", async () => {
  const { client, sentAtSeconds } = counting();
  for (let nth = 1; nth <= 21; nth++) {
    const { comparison, value, custom_attribute_name } = filter.custom_attribute;
    const custom_attribute = nth % 2 === 0
      ? { value, comparison, custom_attribute_name }
      : { custom_attribute_name, comparison, value };
    const result = await client.createSchedule({
      ...body,
      audience: { custom_attribute },
      trigger_properties: { nth },
    });
    strictEqual(result.outcome, "succeeded");
  }
  deepStrictEqual(sentAtSeconds, [...Array(10).fill(0), ...Array(10).fill(61), 122]);
});

Deno.test("createSchedule() does not delay one audience for another", async () => {
  const { client, sentAtSeconds } = counting();
  for (let nth = 0; nth < 10; nth++) await client.createSchedule(forTeam("Fulham"));
  await client.createSchedule(forTeam("Arsenal"));
  await client.createSchedule({ ...forTeam("Fulham"), campaign_id: "campaign-2" });
  deepStrictEqual(sentAtSeconds, Array(12).fill(0));
});

Deno.test("createSchedule() sends 250 a minute over all audiences", async () => {
  const { client, sentAtSeconds } = counting();
  for (let nth = 0; nth < 251; nth++) await client.createSchedule(forTeam(`Team ${nth}`));
  deepStrictEqual(sentAtSeconds.slice(248), [0, 0, 61]);
});

Deno.test("createSchedule() keeps to ten a minute for concurrent calls", async () => {
  let sent = 0;
  const clock = new ManualClock(START);
  const { client } = connect("http://127.0.0.1", {
    clock,
    fetch: () => {
      sent++;
      return Promise.resolve(Response.json(created));
    },
  });
  const calls = Array.from({ length: 25 }, () => client.createSchedule(body));
  await quiet();
  strictEqual(sent, 10);
  clock.advance(60_000);
  await quiet();
  strictEqual(sent, 10);
  clock.advance(1_000);
  await quiet();
  strictEqual(sent, 20);
  clock.advance(61_000);
  await Promise.all(calls);
  strictEqual(sent, 25);
});

/** Resolves after all work that waits for no time. */
function quiet(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

Deno.test("createSchedule() returns failed when its turn is after the deadline", async () => {
  const { client, clock, sentAtSeconds } = counting();
  const deadline = new Date(Date.parse(START) + 61_000);
  for (let nth = 0; nth < 10; nth++) await client.createSchedule(body, { deadline });
  const result = await client.createSchedule(body, { deadline });
  ok(result.outcome === "failed");
  strictEqual(result.reason, "deadline");
  strictEqual(sentAtSeconds.length, 10);
  deepStrictEqual(clock.slept, []);
});

Deno.test("createSchedule() returns rate_limited when its second turn is after the deadline", async () => {
  const deadline = new Date(Date.parse(START) + 30_000);
  let sent = 0;
  const { client } = connect("http://127.0.0.1", {
    fetch: () => {
      sent++;
      return Promise.resolve(
        sent < 10 ? Response.json(created) : new Response(null, { status: 429 }),
      );
    },
  });
  for (let nth = 0; nth < 9; nth++) await client.createSchedule(body, { deadline });
  const result = await client.createSchedule(body, { deadline });
  ok(result.outcome === "failed");
  strictEqual(result.reason, "rate_limited");
  strictEqual(result.attempts, 1);
  strictEqual(sent, 10);
});

Deno.test("createSchedule() sends to recipients without pacing", async () => {
  const { client, sentAtSeconds } = counting();
  for (let nth = 0; nth < 12; nth++) {
    await client.createSchedule({ ...withoutAudience, recipients: recipients(1) });
  }
  deepStrictEqual(sentAtSeconds, Array(12).fill(0));
});
