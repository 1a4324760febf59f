/** The send gate checks each push: one that the ledger no longer wants aborts. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { connect } from "../../supabase/functions/_shared/function/dependencies.ts";
import type { SendGate } from "../../supabase/functions/_shared/runtime/config.ts";
import { createHandler } from "../../supabase/functions/braze-scheduler/handler.ts";
import type { Stack } from "../../local/stack/stack.ts";
import { withListing } from "../support/reconciling.ts";
import { tracesOf } from "../support/traces.ts";
import {
  addFixture,
  ledgerOf,
  liveSchedules,
  openAlerts,
  schedule,
  THREE_AT_ONCE,
  withSuite,
} from "../support/suite.ts";
import { inDashboard, logsOf, reach, watch } from "../support/watchers.ts";

const CREATE = "/campaigns/trigger/schedule/create";
const SEND = "users.messages.pushnotification.Send";
const ABORT = "users.messages.pushnotification.Abort";

function gated(
  gate: "fail_open" | "fail_closed",
  test: (stack: Stack) => Promise<void>,
): () => Promise<void> {
  return () =>
    withSuite({
      fixtures: THREE_AT_ONCE,
      env: { SEND_GATE: gate },
      sandbox: {
        users: { count: 150 },
        switches: { sendGate: gate, abortProbability: 0, bounceProbability: 0, openProbability: 0 },
      },
    }, test);
}

/** Which generations of a match were pushed to any user, and which were refused. */
function fates({ sandbox }: Stack, matchId: number) {
  const generations = (type: string) => [
    ...new Set(
      sandbox.model.groundTruth.entries
        .filter((entry) =>
          entry.type === type && entry.triggerProperties.match_id === String(matchId)
        )
        .map(({ triggerProperties }) => triggerProperties.generation),
    ),
  ];
  return { pushed: generations(SEND), turnedAway: generations(ABORT) };
}

Deno.test(
  "behind a closed gate every user gets the wanted push, and no token is stored",
  gated("fail_closed", async (stack) => {
    await schedule(stack);
    const tokens = stack.sandbox.model.schedules.all.map(({ triggerProperties }) =>
      String(triggerProperties.send_gate_token)
    );
    strictEqual(new Set(tokens).size, 3);
    ok(tokens.every((token) => token.split(".").length === 3));
    await reach(stack, "14:30");
    deepStrictEqual(fates(stack, 1002), { pushed: [1], turnedAway: [] });
    strictEqual((await ledgerOf(stack, 1002)).status, "sent");
    deepStrictEqual(await tracesOf(stack.sql, ...tokens), []);
  }),
);

Deno.test(
  "a create that stayed unknown is repeated, and only the new schedule pushes although both exist",
  gated("fail_closed", async (stack) => {
    stack.sandbox.model.switchboard.set({
      faults: [{ endpoint: CREATE, kind: "timeout_after_effect", times: 1 }],
    });
    deepStrictEqual((await schedule(stack)).done, { unknown: 1, created: 2 });
    await reach(stack, "06:30");
    deepStrictEqual((await schedule(stack)).skipped, { create_unknown: 1, unchanged: 2 });
    deepStrictEqual(await openAlerts(stack, 1001), ["create_unknown"]);

    await reach(stack, "07:15");
    deepStrictEqual((await schedule(stack)).done, { superseded: 1 });
    deepStrictEqual(await openAlerts(stack, 1001), []);
    strictEqual((await ledgerOf(stack, 1001)).generation, 2);
    deepStrictEqual(
      (await logsOf(stack, "braze-scheduler")).filter(({ match_id }) => match_id === "1001")
        .map(({ action }) => action),
      ["create_unknown", "create_released", "schedule_created"],
    );

    // The pre-flight check sees that every message of the campaign fails closed.
    await reach(stack, "13:50");
    await watch(stack, "braze-preflight-check");
    await reach(stack, "14:30");
    const schedules = await stack.sql`
      select shut_out_at is not null as is_shut_out from public.braze_schedules
      where ledger_id = (select id from public.schedule_ledger where match_id = 1001) order by generation`;
    deepStrictEqual(schedules.map(({ is_shut_out }) => is_shut_out), [true, false]);
    deepStrictEqual(fates(stack, 1001), { pushed: [2], turnedAway: [1] });
    strictEqual((await ledgerOf(stack, 1001)).status, "sent");
  }),
);

Deno.test(
  "a match postponed at the last minute is pushed to no user, although no delete succeeded",
  gated("fail_closed", async (stack) => {
    await schedule(stack);
    await reach(stack, "13:59");
    await stack.sql`update public.matches set status = 'postponed' where id = 1002`;
    await reach(stack, "14:30");
    deepStrictEqual(fates(stack, 1002), { pushed: [], turnedAway: [1] });
    deepStrictEqual(fates(stack, 1001), { pushed: [1], turnedAway: [] });
    strictEqual((await ledgerOf(stack, 1002)).status, "pending");
  }),
);

Deno.test(
  "the gate refuses a schedule made by hand, which has no token",
  gated("fail_closed", async (stack) => {
    await schedule(stack);
    const { id } = await ledgerOf(stack, 1002);
    await inDashboard(stack, "dashboard/create", {
      send_at: "2024-12-07T13:30:00Z",
      trigger_properties: { match_id: "1002", ledger_id: id, generation: 9 },
    });
    await reach(stack, "14:30");
    deepStrictEqual(fates(stack, 1002), { pushed: [1], turnedAway: [9] });
  }),
);

Deno.test(
  "the gate allows a schedule that two lists lacked but that exists, and the push raises an alert",
  gated("fail_closed", async (stack) => {
    await schedule(stack);
    const { id } = await ledgerOf(stack, 1002);
    // The state in which reconciliation leaves a schedule that two lists lack.
    await stack.sql`
      update public.schedule_ledger set status = 'cancelled', cancel_reason = 'dashboard' where id = ${id}`;
    await stack.sql`update public.braze_schedules set state = 'deleted' where ledger_id = ${id}`;
    await reach(stack, "14:30");
    deepStrictEqual(fates(stack, 1002), { pushed: [1], turnedAway: [] });
    strictEqual((await ledgerOf(stack, 1002)).status, "sent");
    ok((await openAlerts(stack, 1002)).includes("unexpected_send"));
  }),
);

for (
  const [gate, expected, status] of [
    ["fail_closed", { pushed: [], turnedAway: [1] }, "pending"],
    ["fail_open", { pushed: [1], turnedAway: [] }, "sent"],
  ] as const
) {
  Deno.test(
    `when the gate is down, ${gate} leaves the match ${status}`,
    gated(gate, async (stack) => {
      await schedule(stack);
      stack.outages.add("braze-send-gate");
      await reach(stack, "14:30");
      deepStrictEqual(fates(stack, 1002), expected);
      strictEqual((await ledgerOf(stack, 1002)).status, status);
    }),
  );
}

Deno.test(
  "a push that a closed gate aborted for all users raises an alert",
  gated("fail_closed", async (stack) => {
    await schedule(stack);
    stack.outages.add("braze-send-gate");
    await reach(stack, "15:00");
    await watch(stack, "braze-reconcile");
    deepStrictEqual(await openAlerts(stack, 1002), ["stale_pending"]);
  }),
);

Deno.test(
  "behind a fail-open gate no unknown create is released, since its templates push without an answer",
  gated("fail_open", async (stack) => {
    stack.sandbox.model.switchboard.set({
      faults: [{ endpoint: CREATE, kind: "timeout_after_effect", times: 1 }],
    });
    await schedule(stack);
    await reach(stack, "08:00");
    deepStrictEqual((await schedule(stack)).skipped, { create_unknown: 1, unchanged: 2 });
  }),
);

/** Another deployment of the scheduler, with another mode of the gate. */
async function scheduleWith(stack: Stack, gate: SendGate) {
  const handle = createHandler(connect({
    env: (name) => name === "SEND_GATE" ? gate : stack.functionEnv[name],
    clock: stack.timeline,
    fetch: stack.timeline.fetch,
    waitUntil: () => {},
    write: () => {},
  }, "braze-scheduler"));
  const headers = { apikey: stack.ready.secret_key };
  const response = await handle(
    new Request("http://functions.test/", { method: "POST", headers, body: "{}" }),
  );
  return await response.json();
}

for (
  const [before, after] of [
    ["off", "fail_open"],
    ["fail_open", "off"],
  ] as const
) {
  Deno.test(`switching the gate from ${before} to ${after} replaces what is scheduled`, () =>
    withSuite(
      { env: { SEND_GATE: before }, sandbox: { users: { count: 20 } } },
      async (stack) => {
        await addFixture(stack, THREE_AT_ONCE[0]!);
        await schedule(stack);
        deepStrictEqual((await schedule(stack)).skipped, { unchanged: 1 });
        deepStrictEqual((await scheduleWith(stack, after)).done, { recreated: 1 });
        deepStrictEqual(
          liveSchedules(stack, THREE_AT_ONCE[0]!.id).map(({ triggerProperties }) => [
            triggerProperties.generation,
            "send_gate_token" in triggerProperties,
          ]),
          [[2, after !== "off"]],
        );
      },
    ));
}

Deno.test("an unmanaged schedule is logged without the token that Braze lists", () =>
  withSuite({
    fixtures: THREE_AT_ONCE,
    env: { SEND_GATE: "fail_open" },
    sandbox: withListing("per_schedule"),
  }, async (stack) => {
    await schedule(stack);
    const [own] = liveSchedules(stack, 1002);
    const { send_gate_token: token } = own!.triggerProperties;
    await inDashboard(stack, "dashboard/create", {
      send_at: "2024-12-07T14:00:00Z",
      trigger_properties: { match_id: "9999", send_gate_token: token },
    });
    const { checks } = await watch(stack, "braze-reconcile", { checks: ["orphans"] });
    strictEqual(checks.orphans.counts.found, 1);
    const [log] = await stack.sql`
      select details from public.scheduler_logs where action = 'orphan_found'`;
    deepStrictEqual(log?.details.trigger_properties, { match_id: "9999" });
    deepStrictEqual(await tracesOf(stack.sql, String(token)), []);
  }));
