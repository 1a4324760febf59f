/**
 * Gap 5: between scheduling and sending, nothing checks whether Braze will still send.
 *
 * Without braze-preflight-check the ledger says `pending` until long after the time of the send.
 */
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import type { Stack } from "../../local/stack/stack.ts";
import { ledgerOf, openAlerts, schedule, THREE_AT_ONCE, withSuite } from "../support/suite.ts";
import { inDashboard, openAlertsOf, reach, watch } from "../support/watchers.ts";

const CHECKS = ["13:45", "13:50", "13:55"];
const LISTING_MODES = ["per_schedule", "per_campaign"] as const;

function onMatchday(
  listingMode: typeof LISTING_MODES[number],
  test: (stack: Stack) => Promise<void>,
): () => Promise<void> {
  return () =>
    withSuite(
      { fixtures: THREE_AT_ONCE, sandbox: { users: { count: 100 }, switches: { listingMode } } },
      async (stack) => {
        await schedule(stack);
        await test(stack);
      },
    );
}

async function runChecks(stack: Stack, times = CHECKS): Promise<void> {
  for (const time of times) {
    await reach(stack, time);
    await watch(stack, "braze-preflight-check");
  }
}

for (const mode of LISTING_MODES) {
  Deno.test(
    `gap 5: a schedule cancelled in the dashboard stays pending past its time without the check (${mode})`,
    onMatchday(mode, async (stack) => {
      await reach(stack, "13:46");
      await inDashboard(stack, "dashboard/cancel", { match_id: 1002 });
      await schedule(stack);
      await reach(stack, "14:30");
      await schedule(stack);
      strictEqual((await ledgerOf(stack, 1001)).status, "sent");
      strictEqual((await ledgerOf(stack, 1002)).status, "pending");
      deepStrictEqual(await openAlerts(stack, 1002), []);
    }),
  );

  Deno.test(
    `gap 5: a campaign stopped before the match goes unnoticed without the check (${mode})`,
    onMatchday(mode, async (stack) => {
      await reach(stack, "13:00");
      await inDashboard(stack, "campaign", { state: "stopped" });
      await reach(stack, "14:30");
      await schedule(stack);
      strictEqual((await ledgerOf(stack, 1001)).status, "pending");
      deepStrictEqual(await openAlerts(stack, 1001), []);
    }),
  );

  Deno.test(
    `gap 5: a campaign stopped before the match is reported a quarter of an hour ahead (${mode})`,
    onMatchday(mode, async (stack) => {
      await reach(stack, "13:00");
      await inDashboard(stack, "campaign", { state: "stopped" });
      await runChecks(stack, ["13:45"]);
      const [alert] = await openAlertsOf(stack, "campaign_stopped");
      deepStrictEqual(
        alert?.details.matches.map((hit: { match_id: number }) => hit.match_id),
        [1001, 1002, 1003],
      );
    }),
  );

  Deno.test(
    `gap 5: a match changed too late for Braze is reported before its push goes out (${mode})`,
    onMatchday(mode, async (stack) => {
      await reach(stack, "13:47");
      await stack.sql`update public.matches set status = 'postponed' where id = 1002`;
      await runChecks(stack, ["13:50"]);
      deepStrictEqual(await openAlerts(stack, 1002), ["changed_before_send"]);
    }),
  );
}

Deno.test(
  "gap 5: a schedule cancelled in the dashboard is taken back and reported before its time (per_schedule)",
  onMatchday("per_schedule", async (stack) => {
    await runChecks(stack, ["13:45"]);
    await reach(stack, "13:46");
    await inDashboard(stack, "dashboard/cancel", { match_id: 1002 });
    await runChecks(stack, ["13:50", "13:55"]);
    const { status, cancel_reason } = await ledgerOf(stack, 1002);
    deepStrictEqual([status, cancel_reason], ["cancelled", "dashboard"]);
    deepStrictEqual(await openAlerts(stack, 1002), ["schedule_missing"]);

    await reach(stack, "14:30");
    strictEqual((await ledgerOf(stack, 1001)).status, "sent");
    strictEqual((await ledgerOf(stack, 1002)).status, "cancelled");
    const pushed = stack.sandbox.model.groundTruth.entries.filter(({ triggerProperties }) =>
      triggerProperties.match_id === "1002"
    );
    strictEqual(pushed.length, 0, "Braze really did not send");
  }),
);

Deno.test(
  "gap 5: a schedule cancelled in the dashboard cannot be found in a list of campaigns, and the check reports that (per_campaign)",
  onMatchday("per_campaign", async (stack) => {
    await runChecks(stack, ["13:45"]);
    await inDashboard(stack, "dashboard/cancel", { match_id: 1002 });
    await runChecks(stack, ["13:50", "13:55"]);
    const rows = await stack.sql`
      select match_id::int as match_id, status::text, preflight_result from public.schedule_ledger order by match_id`;
    deepStrictEqual(rows.map((row) => ({ ...row })), [
      { match_id: 1001, status: "pending", preflight_result: "unknown" },
      { match_id: 1002, status: "pending", preflight_result: "unknown" },
      { match_id: 1003, status: "pending", preflight_result: "unknown" },
    ]);
    deepStrictEqual(await openAlerts(stack, 1002), [], "no false alarm");
  }),
);
