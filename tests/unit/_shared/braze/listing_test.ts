import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { readListing } from "../../../../supabase/functions/_shared/braze/listing.ts";
import { judge, notSent } from "../../../../supabase/functions/_shared/braze/outcome.ts";
import { NO_RATE_LIMIT } from "../../../../supabase/functions/_shared/braze/outcome.ts";
import { ScheduledBroadcasts } from "../../../../supabase/functions/_shared/braze/schemas.ts";

/** Parsed in the same way as an answer of Braze. */
function listing(entries: unknown, campaignIds = ["campaign-1"], httpStatus = 200) {
  const text = JSON.stringify({ scheduled_broadcasts: entries });
  const verdict = judge(
    { kind: "answered", httpStatus, text, rateLimit: NO_RATE_LIMIT },
    ScheduledBroadcasts,
  );
  const facts = { attempts: 1, earlierUnknown: false, rateLimit: NO_RATE_LIMIT };
  return readListing({ ...verdict, ...facts }, campaignIds);
}

const documented = { id: "campaign-1", type: "Campaign", next_send_time: "2024-12-07T14:00:00Z" };
const foreign = { ...documented, id: "campaign-2", schedule_id: "schedule-9" };

Deno.test("readListing() reads one entry per schedule", () => {
  const entry = {
    ...documented,
    schedule_id: "schedule-1",
    trigger_properties: { match_id: "1" },
    dispatch_id: "dispatch-1",
    send_id: "send-1",
  };
  deepStrictEqual(
    listing([entry, foreign, { ...documented, schedule_id: 7, next_send_time: null }]).campaigns,
    [{
      campaignId: "campaign-1",
      mode: "per_schedule",
      entries: 2,
      nextSendAt: null,
      schedules: [
        {
          scheduleId: "schedule-1",
          campaignId: "campaign-1",
          sendAt: new Date("2024-12-07T14:00:00Z"),
          triggerProperties: { match_id: "1" },
          dispatchId: "dispatch-1",
          sendId: "send-1",
        },
        {
          scheduleId: "7",
          campaignId: "campaign-1",
          sendAt: null,
          triggerProperties: null,
          dispatchId: null,
          sendId: null,
        },
      ],
    }],
  );
});

Deno.test("readListing() keeps no gate token", () => {
  const [campaign] = listing([{
    ...documented,
    schedule_id: "schedule-1",
    trigger_properties: { match_id: "1", send_gate_token: "signed" },
  }]).campaigns;
  deepStrictEqual(campaign?.schedules[0]?.triggerProperties, { match_id: "1" });
});

Deno.test("readListing() reads one entry per campaign, as Braze documents it", () => {
  deepStrictEqual(listing([documented, foreign]).campaigns, [{
    campaignId: "campaign-1",
    mode: "per_campaign",
    entries: 1,
    nextSendAt: new Date("2024-12-07T14:00:00Z"),
    schedules: [],
  }]);
});

Deno.test("readListing() judges each campaign for itself", () => {
  const { campaigns } = listing([documented, foreign], ["campaign-1", "campaign-2", "campaign-3"]);
  deepStrictEqual(
    campaigns.map(({ campaignId, mode, entries }) => [campaignId, mode, entries]),
    [["campaign-1", "per_campaign", 1], ["campaign-2", "per_schedule", 1], [
      "campaign-3",
      "empty",
      0,
    ]],
  );
});

Deno.test("readListing() proves no absence if one of our entries names no schedule", () => {
  const [campaign] = listing([documented, { ...documented, schedule_id: "schedule-1" }]).campaigns;
  deepStrictEqual([campaign?.mode, campaign?.schedules], ["per_campaign", []]);
});

Deno.test("readListing() knows no next send where one of several has no zone: it may be the earliest", () => {
  const [campaign] = listing([
    documented,
    { ...documented, next_send_time: "2024-12-07 13:00:00" },
  ]).campaigns;
  strictEqual(campaign?.nextSendAt, null);
});

const NOTHING = { campaignId: "campaign-1", nextSendAt: null, schedules: [] };
const EMPTY = [{ ...NOTHING, mode: "empty", entries: 0 }];
const UNAVAILABLE = [{ ...NOTHING, mode: "unavailable", entries: null }];

for (
  const [what, entries] of [
    ["nothing", []],
    ["campaigns that are not ours", [foreign]],
    ["a Canvas with our id", [{ ...documented, type: "Canvas" }]],
    ["our id where another campaign is named", [{ ...documented, campaign_id: "campaign-2" }]],
    ["entries that name no campaign", [{ schedule_id: "schedule-1" }]],
  ] as const
) {
  Deno.test(`readListing() returns empty for ${what}`, () => {
    deepStrictEqual(listing(entries).campaigns, EMPTY);
  });
}

for (
  const [what, entries, httpStatus] of [
    ["that is not a list", { odd: true }, 200],
    ["with an entry that is not an object", [documented, 7], 200],
    ["with an id that cannot be read", [{ ...documented, schedule_id: [] }], 200],
    ["with status 500", [documented], 500],
    ["with status 400", [documented], 400],
  ] as const
) {
  Deno.test(`readListing() returns unavailable for a listing ${what}`, () => {
    const { campaigns, detail } = listing(entries, ["campaign-1"], httpStatus);
    deepStrictEqual(campaigns, UNAVAILABLE);
    ok(detail);
  });
}

Deno.test("readListing() returns unavailable for a listing that was never requested", () => {
  deepStrictEqual(
    readListing(notSent("deadline", "no time"), ["campaign-1"]),
    { detail: "no time", campaigns: UNAVAILABLE },
  );
});

for (
  const [text, sendAt] of [
    ["2024-12-07T14:00:00Z", "2024-12-07T14:00:00.000Z"],
    ["2024-12-07T15:00:00+01:00", "2024-12-07T14:00:00.000Z"],
    ["2024-12-07 14:00:00 +0000", "2024-12-07T14:00:00.000Z"],
    ["2024-12-07 14:00:00 UTC", "2024-12-07T14:00:00.000Z"],
    ["2024-12-07 14:00:00", null],
    ["2024-99-07T14:00:00Z", null],
    ["tomorrow", null],
    [17, null],
  ] as const
) {
  Deno.test(`readListing() reads the time ${JSON.stringify(text)} as ${sendAt}`, () => {
    const { campaigns } = listing([{ ...documented, next_send_time: text }]);
    strictEqual(campaigns[0]?.nextSendAt?.toISOString() ?? null, sendAt);
  });
}
