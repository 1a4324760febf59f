import { deepStrictEqual, strictEqual } from "node:assert/strict";
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
    listing([entry, foreign, { ...documented, schedule_id: 7, next_send_time: null }]),
    {
      mode: "per_schedule",
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
      campaigns: [{
        campaignId: "campaign-1",
        entries: 2,
        nextSendAt: new Date("2024-12-07T14:00:00Z"),
      }],
    },
  );
});

Deno.test("readListing() keeps no gate token", () => {
  const { schedules } = listing([{
    ...documented,
    schedule_id: "schedule-1",
    trigger_properties: { match_id: "1", send_gate_token: "signed" },
  }]);
  deepStrictEqual(schedules[0]?.triggerProperties, { match_id: "1" });
});

Deno.test("readListing() reads one entry per campaign, as Braze documents it", () => {
  deepStrictEqual(listing([documented, foreign]), {
    mode: "per_campaign",
    schedules: [],
    campaigns: [{
      campaignId: "campaign-1",
      entries: 1,
      nextSendAt: new Date("2024-12-07T14:00:00Z"),
    }],
  });
});

Deno.test("readListing() proves no absence if one of our entries names no schedule", () => {
  const { mode, schedules } = listing([documented, { ...documented, schedule_id: "schedule-1" }]);
  strictEqual(mode, "per_campaign");
  deepStrictEqual(schedules.map(({ scheduleId }) => scheduleId), ["schedule-1"]);
});

const EMPTY = { mode: "empty", schedules: [], campaigns: [] };
const UNAVAILABLE = { ...EMPTY, mode: "unavailable" };

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
    deepStrictEqual(listing(entries), EMPTY);
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
    deepStrictEqual(listing(entries, ["campaign-1"], httpStatus), UNAVAILABLE);
  });
}

Deno.test("readListing() returns unavailable for a listing that was never requested", () => {
  deepStrictEqual(readListing(notSent("deadline", "no time"), ["campaign-1"]), UNAVAILABLE);
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
