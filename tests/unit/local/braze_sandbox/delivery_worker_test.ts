import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import {
  afterCurrents,
  afterWebhook,
  type Outcome,
} from "../../../../local/braze_sandbox/retries.ts";
import { isWaiting } from "../../../../local/braze_sandbox/ground_truth.ts";
import { Prng } from "../../../../local/lib/prng.ts";
import { count, postedEvents, world } from "./support.ts";

const ONE_EACH = {
  abortProbability: 0,
  bounceProbability: 0,
  openProbability: 0,
  sendSpreadSeconds: 0,
  currents: { duplicateProbability: 0 },
} as const;
const WEBHOOK_ONLY = {
  ...ONE_EACH,
  currents: { enabled: false },
  webhook: { enabled: true, duplicateProbability: 0 },
} as const;
const MINUTE_MS = 60_000;

function attempt(outcome: Outcome, attempts = 1, events = 100, elapsedMs = 0) {
  return { outcome, attempts, events, elapsedMs, prng: new Prng(attempts) };
}

Deno.test("afterWebhook retries 408, 429 and 5xx five times within about half an hour", () => {
  for (const outcome of [{ status: 408 }, { status: 429 }, { status: 503 }, "timeout"] as const) {
    const waits = [1, 2, 3, 4, 5].map((attempts) => {
      const next = afterWebhook(attempt(outcome, attempts));
      return next.next === "again" ? next.waitMs / MINUTE_MS : next.next;
    });
    deepStrictEqual(waits, [1, 2, 4, 8, 15]);
    strictEqual(afterWebhook(attempt(outcome, 6)).next, "drop");
  }
});

Deno.test("afterWebhook does not retry other answers and honours Retry-After", () => {
  for (const status of [301, 400, 401, 403, 404, 413]) {
    strictEqual(afterWebhook(attempt({ status })).next, "drop");
  }
  strictEqual(afterWebhook(attempt({ status: 204 })).next, "done");
  deepStrictEqual(afterWebhook(attempt({ status: 429, retryAfterMs: 600_000 })), {
    next: "again",
    waitMs: 600_000,
  });
});

Deno.test("afterWebhook tries an unreachable endpoint for 24 hours", () => {
  strictEqual(afterWebhook(attempt("unreachable", 20, 1, 22 * 60 * MINUTE_MS)).next, "again");
  strictEqual(afterWebhook(attempt("unreachable", 20, 1, 23.5 * 60 * MINUTE_MS)).next, "drop");
});

Deno.test("afterCurrents splits on 400 and 413, gives up on 401, 403, 404, and otherwise backs off", () => {
  const next = (outcome: Outcome, events = 100) => afterCurrents(attempt(outcome, 1, events));
  deepStrictEqual(next({ status: 400 }), { next: "split", size: 1 });
  strictEqual(next({ status: 400 }, 1).next, "drop");
  deepStrictEqual(next({ status: 413 }), { next: "split", size: 50 });
  for (const status of [401, 403, 404]) strictEqual(next({ status }).next, "drop");
  for (
    const outcome of [{ status: 429 }, { status: 503 }, { status: 302 }, "unreachable"] as const
  ) {
    strictEqual(next(outcome).next, "again");
  }
  strictEqual(next({ status: 200 }).next, "done");
});

Deno.test("afterCurrents waits longer each time, with jitter, and stops after five days", () => {
  const waits = [1, 2, 3, 4].map((attempts) => {
    const next = afterCurrents(attempt({ status: 503 }, attempts));
    return next.next === "again" ? next.waitMs : NaN;
  });
  for (const [i, wait] of waits.entries()) {
    const middle = 5_000 * 2 ** i;
    ok(wait >= middle / 2 && wait <= middle * 1.5, `${wait}`);
    ok(wait !== middle);
  }
  const fiveDaysMs = 5 * 24 * 60 * MINUTE_MS;
  strictEqual(afterCurrents(attempt({ status: 503 }, 99, 100, fiveDaysMs)).next, "drop");
});

Deno.test("deliveries carry the headers of their kind", async () => {
  const at = world({ ...ONE_EACH, webhook: { enabled: true } });
  await at.schedule();
  await at.timeline.advanceTo("2024-12-07T12:00:00Z");
  const kinds = new Set(at.timeline.posted.map(({ headers }) =>
    [
      headers.get("authorization"),
      headers.get("braze-currents-version"),
      headers.get("x-webhook-secret"),
      headers.get("content-type"),
    ].join(" ")
  ));
  deepStrictEqual([...kinds].toSorted(), [
    "  hook application/json",
    "Bearer hook 1  application/json",
  ]);
});

Deno.test("Currents events wait for their batch as long as the switch says", async () => {
  const at = world({ ...ONE_EACH, currents: { waitSeconds: 300, duplicateProbability: 0 } });
  await at.schedule({ schedule: { time: "2024-12-07T11:31:00Z" } });
  await at.timeline.advanceTo("2024-12-07T11:34:59Z");
  strictEqual(at.timeline.posted.length, 0);
  await at.timeline.advanceTo("2024-12-07T11:35:00Z");
  ok(at.timeline.posted.length > 0);
});

Deno.test("a refused batch is retried until it is accepted, and nothing is lost", async () => {
  const at = world(ONE_EACH);
  let refusals = 3;
  at.timeline.answer = () => new Response(null, { status: refusals-- > 0 ? 503 : 200 });
  await at.schedule();
  await at.timeline.advanceTo("2024-12-07T13:00:00Z");
  const { entries } = at.sandbox.model.groundTruth;
  ok(entries.every((entry) => entry.acknowledged === 1));
  ok(postedEvents(at).length > entries.length, "the refused batches were posted before");
});

Deno.test("a batch that gets 400 is posted as single events, and only the bad one is dropped", async () => {
  const at = world(ONE_EACH);
  await at.schedule();
  const bad = at.sandbox.model.users.all.find((user) =>
    user.pushEnabled && user.attributes["Team 1"] === "Liverpool" && user.devices.length === 1
  )!;
  at.timeline.answer = (body) =>
    new Response(null, { status: body.includes(bad.externalId) ? 400 : 200 });
  await at.timeline.advanceTo("2024-12-07T13:00:00Z");
  const dropped = at.sandbox.model.groundTruth.entries.filter((entry) => entry.dropped !== null);
  deepStrictEqual(dropped.map(({ user, dropped }) => [user.externalId, dropped]), [
    [bad.externalId, 400],
  ]);
  strictEqual(count(at.sandbox.model.groundTruth.entries, isWaiting), 0);
});

Deno.test("a webhook message is posted six times in half an hour and then dropped", async () => {
  const at = world(WEBHOOK_ONLY, { count: 10 });
  at.timeline.answer = () => new Response(null, { status: 500 });
  await at.schedule();
  await at.timeline.advanceTo("2024-12-07T13:00:00Z");
  const { entries } = at.sandbox.model.groundTruth;
  const webhooks = entries.filter(({ kind }) => kind === "webhook");
  ok(webhooks.length > 0);
  strictEqual(at.timeline.posted.length, webhooks.length * 6);
  ok(webhooks.every((entry) => entry.dropped === 500));
  const last = at.timeline.posted.at(-1)!.at.toISOString();
  strictEqual(last, "2024-12-07T12:00:00.000Z");
});

Deno.test("an unreachable receiver gets its webhook messages once it is back", async () => {
  const at = world(WEBHOOK_ONLY, { count: 10 });
  at.timeline.answer = () => Promise.reject(new TypeError("connection refused"));
  await at.schedule();
  await at.timeline.advanceTo("2024-12-08T08:00:00Z");
  at.timeline.answer = () => new Response("{}");
  await at.timeline.advanceTo("2024-12-08T11:00:00Z");
  const webhooks = at.sandbox.model.groundTruth.entries.filter(({ kind }) => kind === "webhook");
  ok(webhooks.length > 0 && webhooks.every((entry) => entry.acknowledged === 1));
});

Deno.test("loss is recorded in the ground truth, and the lost events are exactly those that never arrive", async () => {
  const at = world({ ...ONE_EACH, currents: { lossProbability: 0.2 } });
  await at.schedule();
  await at.timeline.advanceTo("2024-12-07T13:00:00Z");
  const { entries } = at.sandbox.model.groundTruth;
  const posted = new Set(postedEvents(at).map(({ id }) => id));
  const lost = entries.filter((entry) => entry.lost);
  ok(lost.length > 0);
  for (const entry of entries) strictEqual(posted.has(entry.id), !entry.lost);
});

Deno.test("duplicates repeat an event with the same id, and delay holds it back", async () => {
  const at = world({
    ...ONE_EACH,
    currents: { duplicateProbability: 1, delaySecondsMax: 1_800, waitSeconds: 60 },
  });
  await at.schedule();
  await at.timeline.advanceTo("2024-12-07T13:00:00Z");
  const times = new Map<string, number>();
  for (const { id } of postedEvents(at)) times.set(id, (times.get(id) ?? 0) + 1);
  ok([...times.values()].every((n) => n === 2));
  const minutes = new Set(at.timeline.posted.map(({ at }) => at.getTime()));
  ok(minutes.size > 10);
});

Deno.test("without reordering events are delivered by time", async () => {
  const inOrder = async (reorder: boolean) => {
    const at = world({ ...ONE_EACH, sendSpreadSeconds: 50, currents: { reorder } }, {
      deliveriesAtOnce: 1,
    });
    await at.schedule({ schedule: { time: "2024-12-07T11:30:01Z" } });
    await at.timeline.advanceTo("2024-12-07T11:31:00Z");
    const times = postedEvents(at).map(({ time }) => time);
    return times.every((time, i) => i === 0 || time >= times[i - 1]!);
  };
  strictEqual(await inOrder(false), true);
  strictEqual(await inOrder(true), false);
});

Deno.test("deliveries run several at once and never more than allowed", async () => {
  const at = world(WEBHOOK_ONLY, { deliveriesAtOnce: 3 });
  await at.schedule();
  await at.timeline.advanceTo("2024-12-07T13:00:00Z");
  strictEqual(at.timeline.mostAtOnce, 3);
});

Deno.test("stop() cancels planned deliveries", async () => {
  const at = world();
  await at.schedule();
  at.sandbox.stop();
  await at.timeline.advanceTo("2024-12-07T13:00:00Z");
  strictEqual(at.timeline.posted.length, 0);
});
