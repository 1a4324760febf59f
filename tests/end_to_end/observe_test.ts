/** What the look at Braze every five minutes notices over the whole stack, and what a person can do about it. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import type { Stack } from "../../local/stack/stack.ts";
import type { SwitchesPatch } from "../../local/braze_sandbox/switches.ts";
import {
  call,
  ledgerOf,
  liveSchedules,
  openAlerts,
  schedule,
  THREE_AT_ONCE,
  withSuite,
} from "../support/suite.ts";
import { inDashboard, openAlertsOf, reach, watch } from "../support/watchers.ts";

const PER_SCHEDULE = { listingMode: "per_schedule" } as const;
const PER_CAMPAIGN = { listingMode: "per_campaign" } as const;

function scheduled(
  switches: SwitchesPatch,
  test: (stack: Stack) => Promise<void>,
  env: Record<string, string> = {},
): () => Promise<void> {
  return () =>
    withSuite(
      { fixtures: THREE_AT_ONCE, sandbox: { users: { count: 50 }, switches }, env },
      async (stack) => {
        await schedule(stack);
        await test(stack);
      },
    );
}

const preflight = (stack: Stack) => watch(stack, "braze-preflight-check");

async function look(stack: Stack, ...times: string[]): Promise<void> {
  for (const time of times) {
    await reach(stack, time);
    await preflight(stack);
  }
}

async function declareGone(stack: Stack, matchId: number, more: object = {}) {
  const { verbs: [acted] } = await watch(stack, "braze-reconcile", {
    declare_gone: [{ match_id: matchId, reason: "Not in the dashboard", ...more }],
  });
  return acted;
}

for (const switches of [PER_SCHEDULE, PER_CAMPAIGN]) {
  Deno.test(
    `after a campaign was stopped and started, a person makes the schedules again that Braze dropped (${switches.listingMode})`,
    scheduled(switches, async (stack) => {
      await look(stack, "07:00");
      await inDashboard(stack, "campaign", { state: "stopped" });
      await look(stack, "07:05", "07:10");
      await inDashboard(stack, "campaign", { state: "enabled" });
      await look(stack, "07:15");
      for (const { id } of THREE_AT_ONCE) {
        deepStrictEqual(await openAlerts(stack, id), ["schedule_in_doubt"]);
      }

      const refused = await declareGone(stack, 1001);
      strictEqual(refused.done, false);
      match(refused.refused, /Braze may still hold its schedule/);
      const gone = await declareGone(stack, 1001, { accept_double_push: true });
      strictEqual(gone.done, true);
      await schedule(stack);
      deepStrictEqual(
        liveSchedules(stack, 1001).map(({ triggerProperties }) => triggerProperties.generation),
        [2],
      );
      await look(stack, "07:20", "07:30");
      deepStrictEqual(await openAlerts(stack, 1001), []);
      // The others wait for a person: nothing was created or cancelled for them.
      deepStrictEqual(liveSchedules(stack, 1002), []);
      const { status, generation } = await ledgerOf(stack, 1002);
      deepStrictEqual([status, generation], ["pending", 1]);
      deepStrictEqual(await openAlerts(stack, 1002), ["schedule_in_doubt"]);
    }),
  );
}

Deno.test(
  "a person cannot declare gone what the last list of Braze shows, or what is due too soon",
  scheduled(PER_SCHEDULE, async (stack) => {
    await look(stack, "07:00");
    const shown = await declareGone(stack, 1001, { accept_double_push: true });
    match(shown.refused, /the last list of Braze shows its schedule/);
    await inDashboard(stack, "dashboard/cancel", { match_id: 1001 });
    await look(stack, "13:10", "13:20");
    const late = await declareGone(stack, 1001);
    match(late.refused, /leaves no time to schedule another/);
    strictEqual((await ledgerOf(stack, 1001)).generation, 1);
  }),
);

Deno.test(
  "behind a closed gate in every message, schedules of a restarted campaign are made again by themselves",
  scheduled(
    { ...PER_CAMPAIGN, sendGate: "fail_closed" },
    async (stack) => {
      await look(stack, "07:00");
      await inDashboard(stack, "campaign", { state: "stopped" });
      await look(stack, "07:05", "07:10");
      await inDashboard(stack, "campaign", { state: "enabled" });
      await look(stack, "07:15");
      deepStrictEqual((await schedule(stack)).done, {}, "the start was seen once");
      await look(stack, "07:20");
      deepStrictEqual((await schedule(stack)).done, { superseded: 3 });
      for (const { id } of THREE_AT_ONCE) {
        deepStrictEqual(
          liveSchedules(stack, id).map(({ triggerProperties }) => triggerProperties.generation),
          [2],
        );
      }
      await look(stack, "07:30");
      // Braze does not know the schedules that it dropped; if they are there, the gate turns them away.
      for (const { id } of THREE_AT_ONCE) {
        deepStrictEqual(await openAlerts(stack, id), ["delete_unconfirmed"]);
      }
    },
    { SEND_GATE: "fail_closed" },
  ),
);

Deno.test(
  "where one message does not ask the gate, nothing is made again by itself",
  scheduled(
    { ...PER_CAMPAIGN, sendGate: "off" },
    async (stack) => {
      await look(stack, "07:00");
      await inDashboard(stack, "campaign", { state: "stopped" });
      await look(stack, "07:05", "07:10");
      await inDashboard(stack, "campaign", { state: "enabled" });
      await reach(stack, "07:20");
      for (const time of ["07:20", "07:25", "07:30"]) {
        await look(stack, time);
        deepStrictEqual((await schedule(stack)).done, {});
      }
    },
    { SEND_GATE: "fail_closed" },
  ),
);

Deno.test(
  "a short list cancels nothing, and is told",
  scheduled(PER_SCHEDULE, async (stack) => {
    await look(stack, "07:00");
    stack.sandbox.model.switchboard.set({ listingMax: 1 });
    await look(stack, "07:05", "07:10", "07:15");
    await watch(stack, "braze-reconcile");
    for (const { id } of THREE_AT_ONCE) {
      strictEqual((await ledgerOf(stack, id)).status, "pending");
    }
    strictEqual((await openAlertsOf(stack, "absence_limit_reached")).length, 1);
    strictEqual((await openAlertsOf(stack, "schedule_in_doubt")).length, 2);
    stack.sandbox.model.switchboard.set({ listingMax: null });
    await look(stack, "07:20");
    strictEqual((await openAlertsOf(stack, "absence_limit_reached")).length, 0);
    strictEqual((await openAlertsOf(stack, "schedule_in_doubt")).length, 0);
  }),
);

Deno.test(
  "a schedule that was taken for cancelled by hand, turns up, and is called off meanwhile, is deleted in Braze",
  scheduled(PER_SCHEDULE, async (stack) => {
    await look(stack, "07:00");
    const [own] = liveSchedules(stack, 1001);
    // Braze hides one for a while.
    const { createdAt } = own!;
    Object.assign(own!, { createdAt: new Date("2025-01-01T00:00:00Z"), times: [] });
    await look(stack, "07:05", "07:10");
    await watch(stack, "braze-reconcile");
    deepStrictEqual(
      [(await ledgerOf(stack, 1001)).status, (await ledgerOf(stack, 1001)).cancel_reason],
      ["cancelled", "dashboard"],
    );
    await stack.sql`update public.matches set status = 'cancelled' where id = 1001`;
    Object.assign(own!, { createdAt, times: [{ sendAt: own!.sendAt, since: createdAt }] });
    await look(stack, "07:15");
    await schedule(stack);
    deepStrictEqual(liveSchedules(stack, 1001), []);
    const { status, cancel_reason } = await ledgerOf(stack, 1001);
    deepStrictEqual([status, cancel_reason], ["cancelled", "plan"]);
  }),
);

Deno.test(
  "a refused key is told by the next run, by the name of the permission, until it is accepted",
  scheduled(PER_SCHEDULE, async (stack) => {
    await look(stack, "07:00");
    stack.sandbox.model.switchboard.set({
      faults: [{ endpoint: "/campaigns/details", kind: "status", status: 403 }],
    });
    await look(stack, "07:05");
    const [one, ...more] = await openAlertsOf(stack, "braze_refused");
    deepStrictEqual(more, []);
    deepStrictEqual(
      [one?.fingerprint, one?.details.permission, one?.details.http_status],
      ["braze_refused:read_campaign", "campaigns.details", 403],
    );
    strictEqual(await severityOf(stack, "braze_refused:read_campaign"), "warning");

    // The key itself was revoked.
    stack.sandbox.model.switchboard.set({
      faults: [{ endpoint: "*", kind: "status", status: 401 }],
    });
    await look(stack, "07:10");
    strictEqual(
      await severityOf(stack, "braze_refused:list_scheduled_broadcasts"),
      "critical",
      "nothing is allowed any more",
    );
    stack.sandbox.model.switchboard.set({ faults: [] });
    await look(stack, "07:15");
    deepStrictEqual(await openAlertsOf(stack, "braze_refused"), []);
  }),
);

Deno.test(
  "a refused create is critical, and the run that finds it tells",
  () =>
    withSuite(
      { fixtures: THREE_AT_ONCE, sandbox: { users: { count: 50 }, switches: PER_SCHEDULE } },
      async (stack) => {
        stack.sandbox.model.switchboard.set({
          faults: [{
            endpoint: "/campaigns/trigger/schedule/create",
            kind: "status",
            status: 401,
          }],
        });
        await call(stack, "braze-scheduler");
        const [alert] = await openAlertsOf(stack, "braze_refused");
        strictEqual(alert?.details.permission, "campaigns.trigger.schedule.create");
        strictEqual(await severityOf(stack, "braze_refused:create_schedule"), "critical");
        stack.sandbox.model.switchboard.set({ faults: [] });
        await schedule(stack);
        deepStrictEqual(await openAlertsOf(stack, "braze_refused"), []);
      },
    ),
);

for (const kind of ["status", "429"] as const) {
  Deno.test(
    `a Braze that answers ${
      kind === "429" ? 429 : 503
    } is told after the second run that had to leave its work`,
    scheduled(PER_SCHEDULE, async (stack) => {
      await look(stack, "07:00");
      stack.sandbox.model.switchboard.set({
        faults: [{ endpoint: "*", kind, ...(kind === "status" ? { status: 503 } : {}) }],
      });
      await look(stack, "07:05");
      deepStrictEqual(await openAlertsOf(stack, "braze_unavailable"), []);
      await look(stack, "07:10");
      deepStrictEqual(
        (await openAlertsOf(stack, "braze_unavailable")).map(({ fingerprint }) => fingerprint),
        ["braze_unavailable:list_scheduled_broadcasts", "braze_unavailable:read_campaign"],
      );
      stack.sandbox.model.switchboard.set({ faults: [] });
      await look(stack, "07:15");
      deepStrictEqual(await openAlertsOf(stack, "braze_unavailable"), []);
    }),
  );
}

Deno.test(
  "reconcile and the count audit judge from the stored look, and look themselves if it is too old",
  scheduled(PER_SCHEDULE, async (stack) => {
    const looks = async () =>
      (await stack.sql`select count(*)::int from public.braze_observations`)[0]!.count;
    await look(stack, "07:00");
    await reach(stack, "07:05");
    await watch(stack, "braze-reconcile");
    await watch(stack, "braze-count-audit");
    strictEqual(await looks(), 1);
    await reach(stack, "07:07");
    await watch(stack, "braze-count-audit");
    strictEqual(await looks(), 2);
    await watch(stack, "braze-reconcile");
    strictEqual(await looks(), 2);
    ok((await openAlertsOf(stack, "count_mismatch")).length === 0);
  }),
);

async function severityOf({ sql }: Stack, fingerprint: string): Promise<string | undefined> {
  const [row] = await sql<{ severity: string }[]>`
    select severity from public.alerts where fingerprint = ${fingerprint} and resolved_at is null`;
  return row?.severity;
}
