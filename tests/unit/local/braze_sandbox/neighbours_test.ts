import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import type { NeighbourOrder } from "../../../../local/braze_sandbox/neighbours.ts";
import { CAMPAIGN_ID, count, postedEvents, type World, world } from "./support.ts";

const QUIET = { abortProbability: 0, bounceProbability: 0, openProbability: 0 } as const;
const SEND_AT = new Date("2024-12-07T11:30:00Z");
const LATER = "2024-12-07T14:00:00Z";
const CANVAS: NeighbourOrder = {
  neighbour: { kind: "canvas", id: "canvas-1" },
  sendAt: SEND_AT,
  sendId: null,
  extras: { deeplink: "app://offers" },
  includes: () => true,
};

function plan({ sandbox, timeline }: World, order: NeighbourOrder): void {
  sandbox.model.neighbours.plan(order, timeline.now());
}

Deno.test("a Canvas reports to the same connector, with its own id and extras", async () => {
  const at = world(QUIET);
  plan(at, CANVAS);
  await at.schedule();
  await at.timeline.advanceTo(LATER);
  const events = postedEvents(at);
  const ofCanvas = events.filter(({ properties }) => properties["canvas_id"] === "canvas-1");
  ok(ofCanvas.length > 50);
  ok(events.length > ofCanvas.length);
  for (const { properties } of ofCanvas) {
    strictEqual(properties["campaign_id"], undefined);
    strictEqual(properties["message_extras"], '{"deeplink":"app://offers"}');
  }
});

Deno.test("another campaign is in neither our list, our ground truth nor our statistics", async () => {
  const at = world({ ...QUIET, listingMode: "per_schedule" });
  plan(at, { ...CANVAS, neighbour: { kind: "campaign", id: "campaign-2" }, extras: null });
  const list = await at.get("/messages/scheduled_broadcasts?end_time=2024-12-09T00:00:00Z");
  strictEqual(
    count(list.body.scheduled_broadcasts, ({ id }: { id: string }) => id === "campaign-2"),
    0,
  );
  await at.schedule();
  await at.timeline.advanceTo(LATER);
  const sent = postedEvents(at);
  const own = new Set(
    sent.filter(({ properties }) => properties["campaign_id"] === CAMPAIGN_ID).map(({ id }) => id),
  );
  const { groundTruth, neighbours } = at.sandbox.model;
  deepStrictEqual(new Set(groundTruth.entries.map(({ id }) => id)), own);
  ok(neighbours.groundTruth.entries.every(({ acknowledged }) => acknowledged > 0));
  const series = await at.get(
    `/campaigns/data_series?campaign_id=${CAMPAIGN_ID}&length=1&ending_at=${LATER}`,
  );
  strictEqual(
    series.body.data[0].unique_recipients,
    new Set(groundTruth.entries.map(({ user }) => user.index)).size,
  );
});

Deno.test("a send and a Canvas of the same second can share a dispatch id", async () => {
  const at = world({ ...QUIET, sharedDispatchProbability: 0.4 });
  plan(at, CANVAS);
  await at.schedule();
  await at.timeline.advanceTo(LATER);
  const { groundTruth, neighbours, schedules } = at.sandbox.model;
  const own = schedules.all[0]!.dispatchId;
  const ofCanvas = neighbours.groundTruth.entries[0]!.schedule.dispatchId;
  const lent = count(groundTruth.entries, ({ dispatchId }) => dispatchId === ofCanvas) +
    count(neighbours.groundTruth.entries, ({ dispatchId }) => dispatchId === own);
  ok(lent > 10);
});

Deno.test("events can be dated hours ahead; the ground truth keeps the real time", async () => {
  const at = world({ ...QUIET, sendSpreadSeconds: 30, datedAheadProbability: 0.3 });
  await at.schedule();
  await at.timeline.advanceTo(LATER);
  const sendSeconds = SEND_AT.getTime() / 1_000;
  const isAhead = ({ time }: { readonly time: number }) => time >= sendSeconds + 3_600;
  const share = count(postedEvents(at), isAhead) / postedEvents(at).length;
  ok(share > 0.15 && share < 0.45, `${share}`);
  strictEqual(count(at.sandbox.model.groundTruth.entries, isAhead), 0);
});
