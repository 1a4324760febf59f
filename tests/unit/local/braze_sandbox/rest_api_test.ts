import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert/strict";
import type { FaultRule } from "../../../../local/braze_sandbox/fault_rule.ts";
import { CAMPAIGN_ID, order, postedEvents, type World, world } from "./support.ts";

const CREATE = "/campaigns/trigger/schedule/create";

function fault(rule: Omit<FaultRule, "endpoint" | "probability">) {
  return { faults: [{ endpoint: CREATE, ...rule }] };
}

function made({ sandbox }: World): number {
  return sandbox.model.schedules.all.length;
}

Deno.test("a wrong key gets 401 with empty rate-limit headers", async () => {
  const at = world();
  const { status, body, headers } = await at.post(CREATE, order(), { authorization: "Bearer no" });
  strictEqual(status, 401);
  strictEqual(body.message, "Invalid API key");
  for (const name of ["limit", "remaining", "reset"]) {
    strictEqual(headers.get(`x-ratelimit-${name}`), "");
  }
  strictEqual(made(at), 0);
});

Deno.test("an unknown URL or method gets 404", async () => {
  const at = world();
  strictEqual((await at.get("/campaigns/nothing")).status, 404);
  strictEqual((await at.get(CREATE)).status, 404);
});

Deno.test("a body that is not JSON, of another type, or too large is refused", async () => {
  const { post } = world();
  strictEqual((await post(CREATE, "{")).status, 400);
  strictEqual((await post(CREATE, "[]")).status, 400);
  strictEqual((await post(CREATE, order(), { "content-type": "text/plain" })).status, 415);
  const large = order({ padding: "x".repeat(4 * 1_024 * 1_024) });
  strictEqual((await post(CREATE, large)).status, 413);
});

Deno.test("reads count against the hourly limit, which resets on the clock hour", async () => {
  const { headers } = await world().get(`/campaigns/details?campaign_id=${CAMPAIGN_ID}`);
  strictEqual(headers.get("x-ratelimit-limit"), "250000");
  strictEqual(headers.get("x-ratelimit-remaining"), "249999");
  strictEqual(headers.get("x-ratelimit-reset"), `${Date.parse("2024-12-07T07:00:00Z") / 1_000}`);
});

Deno.test("fault status answers without effect, as HTML where a proxy would", async () => {
  const json = world(fault({ kind: "status", status: 503 }));
  const refused = await json.post(CREATE, order());
  deepStrictEqual([refused.status, refused.body.message], [503, "Something went wrong"]);
  const html = world(fault({ kind: "status", status: 502 }));
  match((await html.post(CREATE, order())).body, /^<html>/);
  deepStrictEqual([made(json), made(html)], [0, 0]);
});

Deno.test("fault latency waits on the timeline and then answers as usual", async () => {
  const at = world(fault({ kind: "latency", latencyMs: 2_500 }));
  strictEqual((await at.post(CREATE, order())).status, 201);
  deepStrictEqual(at.timeline.waits, [2_500]);
});

Deno.test("fault timeout occurs before or after the effect", async () => {
  const before = world(fault({ kind: "timeout_before_effect", latencyMs: 60_000 }));
  const after = world(fault({ kind: "timeout_after_effect", latencyMs: 60_000 }));
  for (const at of [before, after]) {
    strictEqual((await at.post(CREATE, order())).status, 504);
    deepStrictEqual(at.timeline.waits, [60_000]);
  }
  deepStrictEqual([made(before), made(after)], [0, 1]);
});

Deno.test("a schedule whose create timed out is sent", async () => {
  const at = world(fault({ kind: "timeout_after_effect" }));
  await at.post(CREATE, order());
  await at.timeline.advanceTo("2024-12-07T12:00:00Z");
  ok(postedEvents(at).length > 0);
});

Deno.test("fault malformed takes effect and returns something that is not JSON", async () => {
  for (const status of [undefined, 502]) {
    const at = world(fault({ kind: "malformed", status }));
    const { status: answered, body } = await at.post(CREATE, order());
    strictEqual(answered, status ?? 201);
    match(body, /^<html>/);
    strictEqual(made(at), 1);
  }
});

Deno.test("fault 429 states when to retry and has no effect", async () => {
  const at = world(fault({ kind: "429" }));
  const { status, headers } = await at.post(CREATE, order());
  strictEqual(status, 429);
  strictEqual(headers.get("x-ratelimit-remaining"), "0");
  strictEqual(headers.get("x-ratelimit-reset"), `${Date.parse("2024-12-07T06:01:00Z") / 1_000}`);
  strictEqual(made(at), 0);
});

Deno.test("fault drop_connection takes effect and interrupts the answer", async () => {
  const at = world(fault({ kind: "drop_connection" }));
  await rejects(at.post(CREATE, order()));
  strictEqual(made(at), 1);
});

Deno.test("faults occur as often as configured, at their endpoint or at every one", async () => {
  const at = world(fault({ kind: "429", times: 2 }));
  const statuses = [];
  for (let i = 0; i < 3; i++) statuses.push((await at.post(CREATE, order())).status);
  deepStrictEqual(statuses, [429, 429, 201]);
  deepStrictEqual((await at.get("/_sandbox/switches")).body.faults, []);

  await at.patch("/_sandbox/switches", { faults: [{ endpoint: "*", kind: "status" }] });
  strictEqual((await at.get("/segments/list")).status, 500);
  await at.patch("/_sandbox/switches", {
    faults: [{ endpoint: "*", kind: "status", probability: 0 }],
  });
  strictEqual((await at.get("/segments/list")).status, 200);
});

Deno.test("switches are read and set in snake_case, groups key by key", async () => {
  const { patch, get } = world();
  const { status, body } = await patch("/_sandbox/switches", {
    listing_mode: "omit",
    webhook: { enabled: true },
  });
  strictEqual(status, 200);
  deepStrictEqual([body.listing_mode, body.webhook.enabled], ["omit", true]);
  strictEqual(body.webhook.duplicate_probability, 0.01, "the rest of the group stays");
  deepStrictEqual((await get("/_sandbox/switches")).body, body);
});

Deno.test("wrong switches change nothing and are named in the answer", async () => {
  const { patch, get } = world();
  const before = (await get("/_sandbox/switches")).body;
  for (
    const [body, reason] of [
      [{ listing_mode: "all" }, /listing_mode/],
      [{ currents: { loss_probability: 2 } }, /currents\.loss_probability/],
      [{ no_such_switch: 1 }, /no_such_switch/],
      [{ faults: [{ endpoint: "*", kind: "explode" }] }, /faults\.0\.kind/],
      [[], /object/],
    ] as const
  ) {
    const answer = await patch("/_sandbox/switches", body);
    strictEqual(answer.status, 400);
    match(answer.body.message, reason);
  }
  deepStrictEqual((await get("/_sandbox/switches")).body, before);
});

Deno.test("a person cancels a schedule in the dashboard, by schedule or by match", async () => {
  const at = world();
  const ids = [
    await at.schedule(),
    await at.schedule(),
    await at.schedule({ trigger_properties: { match_id: 7 } }),
  ];
  const one = await at.post("/_sandbox/dashboard/cancel", { schedule_id: ids[0] });
  deepStrictEqual(one.body, { cancelled: [ids[0]] });
  const match = await at.post("/_sandbox/dashboard/cancel", { match_id: "7" });
  deepStrictEqual(match.body, { cancelled: [ids[2]] });
  strictEqual((await at.post("/_sandbox/dashboard/cancel", { match_id: 7 })).status, 404);
  strictEqual((await at.post("/_sandbox/dashboard/cancel", {})).status, 400);
  await at.timeline.advanceTo("2024-12-07T13:00:00Z");
  const sent = new Set(at.sandbox.model.groundTruth.entries.map(({ schedule }) => schedule.id));
  deepStrictEqual([...sent], [ids[1]]);
});

Deno.test("a person makes a schedule in the dashboard, and its Liquid tags render empty", async () => {
  const at = world();
  const { status, body } = await at.post("/_sandbox/dashboard/create", {
    send_at: "2024-12-07T09:00:00Z",
  });
  strictEqual(status, 201);
  deepStrictEqual([body.origin, body.state], ["dashboard", "scheduled"]);
  await at.timeline.advanceTo("2024-12-07T09:10:00Z");
  const extras = postedEvents(at)[0]?.properties["message_extras"];
  strictEqual(extras, '{"match_id":"","ledger_id":"","generation":"","attempt_id":""}');
  strictEqual((await at.post("/_sandbox/dashboard/create", { send_at: "soon" })).status, 400);
});

Deno.test("the ground truth has one entry for each event, including what the events may omit", async () => {
  const at = world({ eventsCarryDispatchId: false, eventsCarryEcho: false });
  const id = await at.schedule();
  await at.schedule({ trigger_properties: { match_id: 7 } });
  await at.timeline.advanceTo("2024-12-07T14:00:00Z");
  const { body } = await at.get("/_sandbox/ground-truth");
  const ids = new Set(body.entries.map((entry: { event_id: string }) => entry.event_id));
  strictEqual(ids.size, body.entries.length);
  deepStrictEqual(ids, new Set(postedEvents(at).map((event) => event.id)));
  const schedule = at.sandbox.model.schedules.find(id)!;
  const first = body.entries[0];
  deepStrictEqual(
    [first.schedule_id, first.match_id, first.ledger_id, first.generation, first.dispatch_id],
    [id, 1001, "led-1", 1, schedule.dispatchId],
  );
  deepStrictEqual([first.lost, first.dropped], [false, null]);
  ok(first.acknowledged >= 1);

  const ofMatch = (await at.get("/_sandbox/ground-truth?match_id=7")).body.entries;
  ok(ofMatch.length > 0 && ofMatch.length < body.entries.length);
  const page =
    (await at.get(`/_sandbox/ground-truth?schedule_id=${id}&offset=1&limit=2`)).body.entries;
  deepStrictEqual(page, body.entries.slice(1, 3));
});

Deno.test("the summary counts the ground truth per schedule", async () => {
  const at = world({ currents: { lossProbability: 0.3 }, webhook: { enabled: true } });
  const id = await at.schedule();
  await at.timeline.advanceTo("2024-12-07T14:00:00Z");
  const { body } = await at.get("/_sandbox/ground-truth/summary");
  const [line] = body.schedules;
  const entries = at.sandbox.model.groundTruth.of(id);
  strictEqual(
    line.push_sends + line.bounces + line.aborts + line.opens + line.webhook_messages,
    entries.length,
  );
  ok(line.lost > 0);
  strictEqual(line.lost + line.acknowledged, entries.length);
  deepStrictEqual([line.state, line.waiting, line.dropped], ["sent", 0, 0]);
  const { body: list } = await at.get("/_sandbox/schedules");
  strictEqual(list.schedules[0].schedule_id, id);
});

Deno.test("/_sandbox/ is for this machine only and needs no key", async () => {
  const { sandbox } = world();
  const ask = async (hostname: string) => {
    const request = new Request("http://braze.test/_sandbox/switches");
    const remoteAddr = { transport: "tcp" as const, hostname, port: 1 };
    return (await sandbox.handle(request, { remoteAddr })).status;
  };
  strictEqual(await ask("127.0.0.1"), 200);
  strictEqual(await ask("::1"), 200);
  strictEqual(await ask("192.168.1.20"), 403);
});
