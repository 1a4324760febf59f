/** Our client and our sandbox, written apart from each other, read Braze's documentation alike. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { matchAudience } from "../../../../supabase/functions/_shared/braze/audience.ts";
import { readListing } from "../../../../supabase/functions/_shared/braze/listing.ts";
import { createSandbox } from "../../../../local/braze_sandbox/sandbox.ts";
import type { SwitchesPatch } from "../../../../local/braze_sandbox/switches.ts";
import { connect } from "../../../support/braze_server.ts";
import { API_KEY, CAMPAIGN_ID, TEAMS } from "../../local/braze_sandbox/support.ts";

const body = {
  campaign_id: CAMPAIGN_ID,
  broadcast: false,
  audience: matchAudience(["Team 1", "Team 2", "Team 3"], ["Liverpool", "Everton"]),
  trigger_properties: { match_id: "1001", ledger_id: "1", generation: 1 },
  schedule: { time: "2024-12-07T11:30:00Z" },
};
const horizon = new Date("2024-12-14T06:00:00Z");

/** Both use one clock, so that their minutes agree. */
function meet(switches: SwitchesPatch = {}) {
  const { client, clock } = connect("http://braze.test", {
    apiKey: API_KEY,
    fetch: (input, init) => sandbox.handle(new Request(input, init)),
  });
  const sandbox = createSandbox({
    timeline: {
      now: () => clock.now(),
      sleep: (ms) => clock.sleep(ms),
      at: () => () => {},
      fetch: globalThis.fetch,
      waiting: () => Promise.resolve(),
    },
    seed: 1,
    apiKey: API_KEY,
    campaignId: CAMPAIGN_ID,
    users: { count: 30, seed: 7, teams: TEAMS },
    switches,
    deliverTo: { url: "http://receiver.test/", headers: { currents: {}, webhook: {} } },
    deliveriesAtOnce: 1,
  });
  return client;
}

Deno.test("a schedule is created, listed, moved and deleted", async () => {
  const client = meet({ listingMode: "per_schedule" });
  await client.createSendId({ campaignId: CAMPAIGN_ID, sendId: "match-1001" });
  const created = await client.createSchedule({ ...body, send_id: "match-1001" });
  ok(created.outcome === "succeeded", JSON.stringify(created));
  const { scheduleId, dispatchId } = created.value;
  ok(scheduleId !== null && dispatchId !== null);

  const reference = { campaignId: CAMPAIGN_ID, scheduleId };
  const sendAt = new Date("2024-12-07T12:00:00Z");
  strictEqual((await client.updateSchedule({ ...reference, sendAt })).outcome, "succeeded");

  const [listing] =
    readListing(await client.listScheduledBroadcasts(horizon), [CAMPAIGN_ID]).campaigns;
  strictEqual(listing?.mode, "per_schedule");
  deepStrictEqual(listing?.schedules, [{
    scheduleId,
    campaignId: CAMPAIGN_ID,
    sendAt,
    triggerProperties: body.trigger_properties,
    dispatchId,
    sendId: "match-1001",
  }]);

  strictEqual((await client.deleteSchedule(reference)).outcome, "succeeded");
  const [after] =
    readListing(await client.listScheduledBroadcasts(horizon), [CAMPAIGN_ID]).campaigns;
  strictEqual(after?.mode, "empty");
});

for (
  const [listing, mode] of [["per_campaign", "per_campaign"], ["omit", "empty"]] as const
) {
  Deno.test(`a listing switched to ${listing} is read as ${mode}`, async () => {
    const client = meet({ listingMode: listing });
    await client.createSchedule(body);
    const [read] =
      readListing(await client.listScheduledBroadcasts(horizon), [CAMPAIGN_ID]).campaigns;
    strictEqual(read?.mode, mode);
    deepStrictEqual(read?.schedules, []);
  });
}

Deno.test("the campaign's gate and statistics are read", async () => {
  const client = meet();
  const details = await client.campaignDetails(CAMPAIGN_ID);
  ok(details.outcome === "succeeded", JSON.stringify(details));
  deepStrictEqual(
    [details.value.enabled, details.value.archived, details.value.draft],
    [true, false, false],
  );
  ok(!JSON.stringify(details.value).includes("headers"));
  const statistics = await client.campaignStatistics({ campaignId: CAMPAIGN_ID, lengthDays: 1 });
  strictEqual(statistics.outcome, "succeeded");
  strictEqual((await client.listSegments(0)).outcome, "succeeded");
});

Deno.test("an unknown campaign is a definite refusal, with Braze's message", async () => {
  const result = await meet().createSchedule({ ...body, campaign_id: "unknown" });
  ok(result.outcome === "failed");
  strictEqual(result.reason, "rejected");
  match(result.detail, /^Cannot create schedule: Braze answered 400: /);
  ok(result.rateLimit.limit !== null && result.rateLimit.resetAt !== null);
});

Deno.test("thirty matches of one audience are created without a single 429", async () => {
  const client = meet();
  for (let nth = 0; nth < 30; nth++) {
    const result = await client.createSchedule(body);
    ok(result.outcome === "succeeded", JSON.stringify(result));
    strictEqual(result.attempts, 1);
  }
});

Deno.test("a create that makes nothing is refused at once, and one of an ill endpoint is not", async () => {
  const well = await meet().createNothing();
  deepStrictEqual([well.outcome, well.httpStatus, well.attempts], ["failed", 400, 1]);
  const faults = [{ endpoint: "/campaigns/trigger/schedule/create", kind: "status", status: 503 }];
  const ill = await meet({ faults } as SwitchesPatch).createNothing();
  deepStrictEqual([ill.outcome, ill.attempts], ["unknown", 1]);
});
