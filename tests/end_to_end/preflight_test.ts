/** braze-preflight-check over the whole stack: checks each send in its last minutes. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import type { Stack } from "../../local/stack/stack.ts";
import type { SwitchesPatch } from "../../local/braze_sandbox/switches.ts";
import {
  addFixture,
  call,
  ledgerOf,
  openAlerts,
  schedule,
  THREE_AT_ONCE,
  withSuite,
} from "../support/suite.ts";
import { inDashboard, logsOf, openAlertsOf, reach, watch } from "../support/watchers.ts";

const NAME = "braze-preflight-check";

/** Three matches at 15:00, scheduled at 06:00, whose pushes are due at 14:00. */
function scheduled(
  switches: SwitchesPatch,
  test: (stack: Stack) => Promise<void>,
): () => Promise<void> {
  return () =>
    withSuite(
      { fixtures: THREE_AT_ONCE, sandbox: { users: { count: 50 }, switches } },
      async (stack) => {
        await schedule(stack);
        await test(stack);
      },
    );
}

const PER_SCHEDULE = { listingMode: "per_schedule" } as const;
const PER_CAMPAIGN = { listingMode: "per_campaign" } as const;
const NOTHING = {
  ok: 0,
  not_contradicted: 0,
  absent: 0,
  unknown: 0,
  campaign_stopped: 0,
  changed: 0,
  no_schedule_id: 0,
};

async function preflight(stack: Stack, body: unknown = {}) {
  const { run_id: _runId, dry_run: _dryRun, ...found } = await watch(stack, NAME, body);
  return found;
}

async function resultOf({ sql }: Stack, matchId: number) {
  const [row] = await sql`
    select preflight_result, preflight_at, dispatch_id, send_id, notes
    from public.schedule_ledger where match_id = ${matchId}`;
  if (row === undefined) throw new Error(`Cannot read the ledger: match ${matchId} has no row`);
  return row;
}

Deno.test(
  "braze-preflight-check confirms the sends due in 5 to 15 minutes, and checks nothing earlier",
  scheduled(PER_SCHEDULE, async (stack) => {
    await reach(stack, "13:40");
    deepStrictEqual(await preflight(stack), {
      outcome: "succeeded",
      listing_mode: "per_schedule",
      checked: 0,
      ...NOTHING,
      ids_captured: 0,
    });
    await reach(stack, "13:45:20");
    deepStrictEqual(await preflight(stack), {
      outcome: "succeeded",
      listing_mode: "per_schedule",
      checked: 3,
      ...NOTHING,
      ok: 3,
      ids_captured: 0,
    });
    const { preflight_result, preflight_at } = await resultOf(stack, 1001);
    deepStrictEqual([preflight_result, preflight_at], ["ok", new Date("2024-12-07T13:45:20Z")]);
    await reach(stack, "13:55:40");
    strictEqual((await preflight(stack)).checked, 3);
    await reach(stack, "13:56");
    strictEqual((await preflight(stack)).checked, 0);
    deepStrictEqual(await logsOf(stack, NAME), []);
  }),
);

Deno.test(
  "braze-preflight-check still checks a send whose runs were lost, once",
  scheduled(PER_SCHEDULE, async (stack) => {
    await reach(stack, "13:58");
    strictEqual((await preflight(stack)).ok, 3);
    strictEqual((await preflight(stack)).checked, 0);
  }),
);

Deno.test(
  "braze-preflight-check checks a send again that was moved after its check",
  () =>
    withSuite(
      {
        fixtures: THREE_AT_ONCE,
        sandbox: { users: { count: 50 }, switches: PER_SCHEDULE },
        env: { FREEZE_MINUTES: "0" },
      },
      async (stack) => {
        await schedule(stack);
        await reach(stack, "13:50");
        strictEqual((await preflight(stack)).checked, 3);
        await stack
          .sql`update public.matches set kickoff_at = kickoff_at + interval '1 hour' where id = 1002`;
        await schedule(stack);
        await reach(stack, "14:58");
        strictEqual((await preflight(stack)).checked, 1);
        strictEqual((await preflight(stack)).checked, 0);
      },
    ),
);

Deno.test(
  "braze-preflight-check registers ids that the create did not return, and fills the ledger",
  scheduled({ ...PER_SCHEDULE, createAnswersDispatchId: false }, async (stack) => {
    strictEqual((await resultOf(stack, 1001)).dispatch_id, null);
    await reach(stack, "13:45");
    deepStrictEqual((await preflight(stack, { dry_run: true })).ids_captured, 3);
    strictEqual((await preflight(stack)).ids_captured, 3);
    strictEqual((await preflight(stack)).ids_captured, 0);
    const [schedule] = stack.sandbox.model.schedules.all.filter(({ triggerProperties }) =>
      triggerProperties.match_id === "1001"
    );
    strictEqual((await resultOf(stack, 1001)).dispatch_id, schedule?.dispatchId);
    const [known] = await stack.sql`
      select source, generation, ambiguous from public.schedule_identifiers
      where kind = 'dispatch_id' and value = ${schedule?.dispatchId ?? ""}`;
    deepStrictEqual({ ...known }, { source: "preflight", generation: 1, ambiguous: false });
  }),
);

for (
  const [mode, switches] of [
    ["empty", { listingMode: "omit" }],
    ["unavailable", {
      ...PER_SCHEDULE,
      faults: [{ endpoint: "/messages/scheduled_broadcasts", kind: "status", status: 500 }],
    }],
  ] as const
) {
  Deno.test(
    `braze-preflight-check reports everything as unknown where the listing is ${mode}, and changes nothing`,
    scheduled(switches, async (stack) => {
      await inDashboard(stack, "dashboard/cancel", { match_id: 1002 });
      for (const time of ["13:45", "13:50", "13:55"]) {
        await reach(stack, time);
        const found = await preflight(stack);
        deepStrictEqual([found.listing_mode, found.unknown, found.absent], [mode, 3, 0]);
      }
      strictEqual((await ledgerOf(stack, 1002)).status, "pending");
      strictEqual((await resultOf(stack, 1002)).preflight_result, "unknown");
      deepStrictEqual(await openAlerts(stack, 1002), []);
      const logs = await logsOf(stack, NAME);
      strictEqual(logs.length, 9);
      ok(logs.every(({ action }) => action === "preflight_unknown"));
    }),
  );
}

Deno.test(
  "braze-preflight-check cancels a row whose schedule two successive listings lack, and alerts until the send time",
  scheduled(PER_SCHEDULE, async (stack) => {
    await reach(stack, "13:45");
    await preflight(stack);
    await inDashboard(stack, "dashboard/cancel", { match_id: 1002 });
    await reach(stack, "13:50");
    const first = await preflight(stack);
    deepStrictEqual([first.ok, first.unknown, first.absent], [2, 1, 0]);
    strictEqual((await ledgerOf(stack, 1002)).status, "pending");

    await reach(stack, "13:55");
    deepStrictEqual((await preflight(stack, { dry_run: true })).unknown, 1);
    strictEqual((await ledgerOf(stack, 1002)).status, "pending");
    const second = await preflight(stack);
    deepStrictEqual([second.ok, second.unknown, second.absent], [2, 0, 1]);
    const { status, cancel_reason } = await ledgerOf(stack, 1002);
    deepStrictEqual([status, cancel_reason], ["cancelled", "dashboard"]);
    const { preflight_result, notes } = await resultOf(stack, 1002);
    deepStrictEqual(
      [preflight_result, notes],
      ["absent", "Schedule not found in Braze pre-flight check"],
    );
    deepStrictEqual(await openAlerts(stack, 1002), ["schedule_missing"]);

    await reach(stack, "13:57");
    await preflight(stack);
    deepStrictEqual(
      (await openAlertsOf(stack, "schedule_missing")).map(({ fingerprint, occurrences }) => [
        fingerprint,
        occurrences,
      ]),
      [["schedule_missing:1002", 2]],
    );
    await reach(stack, "14:00");
    await preflight(stack);
    deepStrictEqual(await openAlertsOf(stack, "schedule_missing"), []);
  }),
);

Deno.test(
  "braze-preflight-check resolves a missing schedule when its match is postponed and no push is wanted",
  scheduled(PER_SCHEDULE, async (stack) => {
    await reach(stack, "13:45");
    await preflight(stack);
    await inDashboard(stack, "dashboard/cancel", { match_id: 1002 });
    for (const time of ["13:50", "13:55"]) {
      await reach(stack, time);
      await preflight(stack);
    }
    deepStrictEqual(await openAlerts(stack, 1002), ["schedule_missing"]);
    await stack.sql`update public.matches set status = 'postponed' where id = 1002`;
    await preflight(stack);
    deepStrictEqual(await openAlerts(stack, 1002), []);
  }),
);

Deno.test(
  "braze-preflight-check calls a send not contradicted where the next send of the campaign is in its minute, and changes nothing",
  scheduled(PER_CAMPAIGN, async (stack) => {
    await addFixture(stack, {
      id: 1004,
      home: "Everton",
      away: "Fulham",
      kickoffAt: "2024-12-07T15:03:00Z",
    });
    await schedule(stack);
    // Of several in a minute the list says nothing.
    await inDashboard(stack, "dashboard/cancel", { match_id: 1002 });
    await reach(stack, "13:50");
    const found = await preflight(stack);
    deepStrictEqual([found.not_contradicted, found.unknown, found.absent], [3, 1, 0]);
    strictEqual((await resultOf(stack, 1002)).preflight_result, "not_contradicted");
    strictEqual((await resultOf(stack, 1004)).preflight_result, "unknown");
    strictEqual((await ledgerOf(stack, 1002)).status, "pending");
  }),
);

for (const switches of [PER_SCHEDULE, PER_CAMPAIGN]) {
  for (const state of ["stopped", "archived", "draft"]) {
    Deno.test(
      `braze-preflight-check tells of every pending match while its campaign is ${state}, hours ahead (${switches.listingMode})`,
      scheduled({ ...switches, schedulesReturnOnResume: true }, async (stack) => {
        await reach(stack, "08:00");
        await preflight(stack);
        await inDashboard(stack, "campaign", { state });
        for (const time of ["08:05", "08:10", "13:50", "13:55"]) {
          await reach(stack, time);
          const found = await preflight(stack);
          strictEqual(found.absent, 0);
          deepStrictEqual(
            (await openAlertsOf(stack, "campaign_stopped")).map(({ fingerprint }) => fingerprint),
            ["campaign_stopped:1001", "campaign_stopped:1002", "campaign_stopped:1003"],
          );
        }
        const [alert] = await openAlertsOf(stack, "campaign_stopped");
        deepStrictEqual(
          [alert?.details.state, alert?.details.campaign_id],
          [state, stack.ready.campaign_id],
        );
        strictEqual((await resultOf(stack, 1001)).preflight_result, "campaign_stopped");
        // A schedule that a stopped campaign hides may return with it, so nothing was cancelled.
        strictEqual((await ledgerOf(stack, 1001)).status, "pending");
        await inDashboard(stack, "campaign", { state: "enabled" });
        await reach(stack, "13:57");
        await preflight(stack);
        deepStrictEqual(await openAlertsOf(stack, "campaign_stopped"), []);
        // It may have dropped them: that is for a person to see.
        strictEqual((await openAlertsOf(stack, "schedule_in_doubt")).length, 3);
      }),
    );
  }
}

Deno.test(
  "braze-preflight-check keeps the alert of a stopped campaign when the time of the push has passed",
  scheduled(PER_CAMPAIGN, async (stack) => {
    await inDashboard(stack, "campaign", { state: "stopped" });
    for (const time of ["13:50", "14:05", "14:30"]) {
      await reach(stack, time);
      await preflight(stack);
      strictEqual((await openAlertsOf(stack, "campaign_stopped")).length, 3);
    }
    await inDashboard(stack, "campaign", { state: "enabled" });
    await reach(stack, "14:35");
    await preflight(stack);
    strictEqual((await openAlertsOf(stack, "campaign_stopped")).length, 3, "nothing went out");
  }),
);

Deno.test(
  "braze-preflight-check does not change a campaign's alerts while the campaign cannot be read, and logs that",
  scheduled(PER_SCHEDULE, async (stack) => {
    await inDashboard(stack, "campaign", { state: "stopped" });
    await reach(stack, "13:45");
    await preflight(stack);
    stack.sandbox.model.switchboard.set({
      faults: [{ endpoint: "/campaigns/details", kind: "status", status: 500 }],
    });
    await reach(stack, "13:50");
    const found = await preflight(stack);
    deepStrictEqual([found.campaign_stopped, found.unknown], [0, 3]);
    strictEqual((await openAlertsOf(stack, "campaign_stopped")).length, 3);
    const logs = await logsOf(stack, NAME);
    ok(logs.some(({ action }) => action === "campaign_gate_unknown"));
  }),
);

for (
  const [what, change, undo] of [
    [
      "its kick-off moves",
      "update public.matches set kickoff_at = kickoff_at + interval '30 minutes' where id = 1002",
      "update public.matches set kickoff_at = kickoff_at - interval '30 minutes' where id = 1002",
    ],
    [
      "its teams change",
      "update public.matches set away_team = 'Liverpool' where id = 1002",
      "update public.matches set away_team = 'Chelsea' where id = 1002",
    ],
    [
      "its properties change",
      `update public.matches set trigger_properties = '{"venue": "moved"}' where id = 1002`,
      "update public.matches set trigger_properties = '{}' where id = 1002",
    ],
    [
      "it is postponed",
      "update public.matches set status = 'postponed' where id = 1002",
      "update public.matches set status = 'scheduled' where id = 1002",
    ],
  ] as const
) {
  Deno.test(
    `braze-preflight-check alerts on a match when ${what} inside the freeze, and resolves it when that is undone`,
    scheduled(PER_SCHEDULE, async (stack) => {
      await reach(stack, "13:47");
      await stack.sql.unsafe(change);
      for (const time of ["13:50", "13:55"]) {
        await reach(stack, time);
        const found = await preflight(stack);
        deepStrictEqual([found.ok, found.changed], [2, 1]);
      }
      deepStrictEqual(
        (await openAlertsOf(stack, "changed_before_send")).map(({ fingerprint, occurrences }) => [
          fingerprint,
          occurrences,
        ]),
        [["changed_before_send:1002", 2]],
      );
      strictEqual((await resultOf(stack, 1002)).preflight_result, "changed");
      strictEqual((await ledgerOf(stack, 1002)).status, "pending");

      await stack.sql.unsafe(undo);
      await reach(stack, "13:57");
      await preflight(stack);
      deepStrictEqual(await openAlertsOf(stack, "changed_before_send"), []);
    }),
  );
}

Deno.test(
  "braze-preflight-check keeps the alert of a checked send until its time, not longer",
  scheduled(PER_SCHEDULE, async (stack) => {
    await reach(stack, "13:55");
    await stack.sql`update public.matches set away_team = 'Liverpool' where id = 1002`;
    await preflight(stack);
    await reach(stack, "13:58");
    strictEqual((await preflight(stack)).checked, 0);
    strictEqual((await openAlertsOf(stack, "changed_before_send")).length, 1);
    await reach(stack, "14:00");
    await preflight(stack);
    deepStrictEqual(await openAlertsOf(stack, "changed_before_send"), []);
  }),
);

Deno.test(
  "braze-preflight-check alerts on a row whose create got no answer, until events prove the send",
  () =>
    withSuite(
      { fixtures: THREE_AT_ONCE, sandbox: { users: { count: 50 }, switches: PER_SCHEDULE } },
      async (stack) => {
        stack.sandbox.model.switchboard.set({
          faults: [{
            endpoint: "/campaigns/trigger/schedule/create",
            kind: "timeout_after_effect",
            times: 1,
          }],
        });
        await schedule(stack);
        await reach(stack, "13:45");
        const found = await preflight(stack);
        deepStrictEqual([found.ok, found.no_schedule_id], [2, 1]);
        await reach(stack, "13:50");
        await preflight(stack);
        deepStrictEqual(
          (await openAlertsOf(stack, "schedule_id_missing")).map((alert) => [
            alert.fingerprint,
            alert.occurrences,
          ]),
          [["schedule_id_missing:1001", 2]],
        );
        strictEqual((await ledgerOf(stack, 1001)).status, "pending");
        await reach(stack, "14:05");
        await preflight(stack);
        deepStrictEqual(await openAlertsOf(stack, "schedule_id_missing"), []);
      },
    ),
);

Deno.test(
  "two concurrent runs of braze-preflight-check do nothing twice",
  scheduled(PER_SCHEDULE, async (stack) => {
    await reach(stack, "13:50");
    await stack.sql`update public.matches set away_team = 'Liverpool' where id = 1002`;
    const answers = await Promise.all(Array.from({ length: 4 }, () => call(stack, NAME)));
    ok(answers.some(({ status }) => status === 200));
    for (const { status, body } of answers) {
      if (status !== 200) deepStrictEqual([status, body.code], [409, "run_in_progress"]);
    }
    strictEqual((await openAlertsOf(stack, "changed_before_send")).length, 1);
    strictEqual((await resultOf(stack, 1002)).preflight_result, "changed");
  }),
);
