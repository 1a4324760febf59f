/** The community client, unmodified, against the sandbox on a real port: an independent check of its shapes. */
import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert/strict";
import { Braze } from "braze-api";
import { type ServedSandbox, serveSandbox } from "../../local/braze_sandbox/sandbox.ts";
import type { SwitchesPatch } from "../../local/braze_sandbox/switches.ts";
import { FakeTimeline } from "../unit/local/braze_sandbox/fake_timeline.ts";
import { API_KEY, CAMPAIGN_ID, START, TEAMS } from "../unit/local/braze_sandbox/support.ts";

async function withSandbox(
  switches: SwitchesPatch,
  run: (braze: Braze, sandbox: ServedSandbox, timeline: FakeTimeline) => Promise<void>,
): Promise<void> {
  const timeline = new FakeTimeline(START);
  const sandbox = serveSandbox({
    port: 0,
    timeline,
    seed: 1,
    apiKey: API_KEY,
    campaignId: CAMPAIGN_ID,
    users: { count: 200, seed: 1, teams: TEAMS },
    switches,
    deliverTo: { url: "http://receiver.test/", headers: { currents: {}, webhook: {} } },
    deliveriesAtOnce: 2,
  });
  try {
    await run(new Braze(sandbox.url, API_KEY), sandbox, timeline);
  } finally {
    await sandbox.shutdown();
  }
}

const ORDER = {
  campaign_id: CAMPAIGN_ID,
  broadcast: false,
  audience: {
    AND: [{
      custom_attribute: {
        custom_attribute_name: "Team 1",
        comparison: "equals" as const,
        value: "Liverpool",
      },
    }],
  },
  trigger_properties: { match_id: 1001, ledger_id: "led-1", generation: 1 },
  schedule: { time: "2024-12-07T11:30:00Z" },
};

Deno.test("braze-api schedules, moves, lists, deletes and reads reports", () =>
  withSandbox({ listingMode: "per_schedule" }, async (braze, sandbox, timeline) => {
    const { schedule } = braze.campaigns.trigger;
    const sent = await braze.sends.id.create({ campaign_id: CAMPAIGN_ID, send_id: "match-1001" });
    strictEqual(sent.message, "success");

    const created = await schedule.create({ ...ORDER, send_id: "match-1001" });
    strictEqual(created.message, "success");
    match(created.dispatch_id, /^[0-9a-f]{32}$/);
    const ids = { campaign_id: CAMPAIGN_ID, schedule_id: created.schedule_id };
    const moved = await schedule.update({ ...ids, schedule: { time: "2024-12-07T12:30:00Z" } });
    deepStrictEqual(moved, { message: "success" });

    const { scheduled_broadcasts } = await braze.messages.scheduled_broadcasts({
      end_time: "2024-12-08",
    });
    strictEqual(scheduled_broadcasts[0]?.next_send_time, "2024-12-07T12:30:00Z");

    const other = await schedule.create(ORDER);
    const gone = await schedule.delete({ ...ids, schedule_id: other.schedule_id });
    deepStrictEqual(gone, { message: "success" });

    await timeline.advanceTo("2024-12-07T13:00:00Z");
    const sends = sandbox.model.groundTruth.entries.filter(({ type }) => type.endsWith(".Send"));
    ok(sends.length > 0 && sends.every((entry) => entry.schedule.id === created.schedule_id));

    const details = await braze.campaigns.details({ campaign_id: CAMPAIGN_ID });
    strictEqual(details.last_sent, "2024-12-07T12:30:00Z");
    const { segments } = await braze.segments.list();
    const segment_id = segments.find(({ name }) => name === "Team: Liverpool")!.id;
    strictEqual((await braze.segments.details({ segment_id })).name, "Team: Liverpool");
    const { data } = await braze.segments.analytics({ segment_id, length: 2 });
    strictEqual(data.at(-1)?.size, sandbox.model.users.pushEnabledFollowersOf("Liverpool"));
  }));

Deno.test("braze-api reads the sandbox's refusals", () =>
  withSandbox({}, async (braze, sandbox) => {
    const { schedule } = braze.campaigns.trigger;
    await rejects(
      schedule.create({ ...ORDER, schedule: { time: "tomorrow" } }),
      { status: 400, message: "Cannot parse send_at datetime" },
    );
    await rejects(
      schedule.delete({ campaign_id: CAMPAIGN_ID, schedule_id: "unknown" }),
      { status: 400 },
    );
    await rejects(
      new Braze(sandbox.url, "wrong").segments.list(),
      { status: 401, message: "Invalid API key" },
    );
    for (let i = 0; i < 10; i++) await schedule.create(ORDER).catch(() => undefined);
    await rejects(schedule.create(ORDER), { status: 429 });
  }));

Deno.test("braze-api reports a dropped connection and a page of HTML as failures, although both took effect", () =>
  withSandbox({
    faults: [
      { endpoint: "*", kind: "drop_connection", times: 1 },
      { endpoint: "*", kind: "malformed", times: 1 },
    ],
  }, async (braze, sandbox) => {
    await rejects(braze.campaigns.trigger.schedule.create(ORDER));
    await rejects(braze.campaigns.trigger.schedule.create(ORDER), /invalid json/);
    strictEqual(sandbox.model.schedules.all.length, 2);
  }));
