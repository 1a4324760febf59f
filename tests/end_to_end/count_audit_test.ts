/** braze-count-audit over the whole stack: compares the ledger with Braze's list, by counts and by sets. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import type { SwitchesPatch } from "../../local/braze_sandbox/switches.ts";
import type { Stack } from "../../local/stack/stack.ts";
import {
  addFixture,
  call,
  ledgerOf,
  liveSchedules,
  schedule,
  THREE_AT_ONCE,
  withSuite,
} from "../support/suite.ts";
import { inDashboard, logsOf, openAlertsOf, reach, watch } from "../support/watchers.ts";

const NAME = "braze-count-audit";
const PER_SCHEDULE = { listingMode: "per_schedule" } as const;

/** Three matches, scheduled at 06:00 for 14:00, an hour ago. */
function scheduled(
  switches: SwitchesPatch,
  test: (stack: Stack) => Promise<void>,
): () => Promise<void> {
  return () =>
    withSuite(
      { fixtures: THREE_AT_ONCE, sandbox: { users: { count: 50 }, switches } },
      async (stack) => {
        await schedule(stack);
        await reach(stack, "07:00");
        await test(stack);
      },
    );
}

const NO_NEXT_SEND = {
  expected_next_send: null,
  listed_next_send: null,
  next_send_agrees: null,
};

/** Pre-flight looks at Braze, and the audit judges from what it stored. */
async function audit(stack: Stack, body: unknown = {}) {
  await watch(stack, "braze-preflight-check");
  const { run_id: _runId, dry_run: _dryRun, outcome: _outcome, audiences: _audiences, ...found } =
    await watch(stack, NAME, body);
  return found;
}

async function auditsOf({ sql }: Stack) {
  const rows = await sql`
    select listing_mode, status, ledger_pending, braze_actual, delta, missing_in_braze, extra_in_braze,
      expected_next_send, listed_next_send, next_send_agrees
    from public.count_audit_logs order by id`;
  return rows.map((row) => ({ ...row }));
}

/** Creates a second schedule of a match by hand. */
async function duplicate(stack: Stack, matchId: number): Promise<string> {
  const before = new Set(liveSchedules(stack, matchId).map(({ id }) => id));
  const { send_at_utc } = await ledgerOf(stack, matchId);
  await inDashboard(stack, "dashboard/create", {
    send_at: send_at_utc.toISOString(),
    trigger_properties: { match_id: String(matchId) },
  });
  const made = liveSchedules(stack, matchId).find(({ id }) => !before.has(id));
  if (made === undefined) throw new Error("Cannot duplicate: Braze made no schedule");
  return made.id;
}

Deno.test(
  "braze-count-audit finds ledger and Braze in sync, and stores that",
  scheduled(PER_SCHEDULE, async (stack) => {
    const found = {
      listing_mode: "per_schedule",
      status: "in_sync",
      ledger_pending: 3,
      braze_actual: 3,
      delta: 0,
      missing_in_braze: [],
      extra_in_braze: [],
      ...NO_NEXT_SEND,
    };
    deepStrictEqual(await audit(stack), { ...found, too_young: 0 });
    deepStrictEqual(await auditsOf(stack), [found]);
    deepStrictEqual(await openAlertsOf(stack, "count_mismatch"), []);
    deepStrictEqual(await logsOf(stack, NAME), []);
  }),
);

Deno.test(
  "braze-count-audit finds one missing and one extra behind equal counts",
  scheduled(PER_SCHEDULE, async (stack) => {
    const [gone] = liveSchedules(stack, 1001);
    const extra = await duplicate(stack, 1003);
    await inDashboard(stack, "dashboard/cancel", { match_id: 1001 });
    const found = await audit(stack);
    deepStrictEqual([found.ledger_pending, found.braze_actual, found.delta], [3, 3, 0]);
    strictEqual(found.status, "mismatch");
    deepStrictEqual(found.missing_in_braze, [{ match_id: 1001, schedule_id: gone?.id }]);
    deepStrictEqual(found.extra_in_braze, [{ match_id: 1003, schedule_id: extra }]);
    deepStrictEqual(
      (await logsOf(stack, NAME)).map(({ action, reason }) => [action, reason]),
      [["count_mismatch_detected", "Braze has as many schedules as ledger, but different ones"]],
    );
    strictEqual((await ledgerOf(stack, 1001)).status, "pending", "an audit changes nothing");
  }),
);

Deno.test(
  "braze-count-audit alerts once on a mismatch, counts it up, and resolves it when in sync",
  scheduled(PER_SCHEDULE, async (stack) => {
    const extra = await duplicate(stack, 1003);
    await audit(stack);
    await reach(stack, "08:00");
    await audit(stack);
    const [alert, ...more] = await openAlertsOf(stack, "count_mismatch");
    deepStrictEqual(more, []);
    deepStrictEqual(
      [alert?.fingerprint, alert?.occurrences, alert?.details.extra_in_braze],
      [
        `count_mismatch:${stack.ready.campaign_id}`,
        2,
        [{ match_id: 1003, schedule_id: extra }],
      ],
    );

    stack.sandbox.model.switchboard.set({ listingMode: "per_campaign" });
    strictEqual((await audit(stack)).status, "unknown");
    strictEqual((await openAlertsOf(stack, "count_mismatch")).length, 1, "unknown mends nothing");

    stack.sandbox.model.switchboard.set(PER_SCHEDULE);
    await inDashboard(stack, "dashboard/cancel", { schedule_id: extra });
    strictEqual((await audit(stack)).status, "in_sync");
    deepStrictEqual(await openAlertsOf(stack, "count_mismatch"), []);
  }),
);

for (
  const [mode, switches] of [
    ["per_campaign", { listingMode: "per_campaign" }],
    ["empty", { listingMode: "omit" }],
    ["unavailable", {
      ...PER_SCHEDULE,
      faults: [{ endpoint: "/messages/scheduled_broadcasts", kind: "status", status: 500 }],
    }],
  ] as const
) {
  Deno.test(
    `braze-count-audit reports unknown where the listing is ${mode}, in sync or not`,
    scheduled(switches, async (stack) => {
      const found = {
        listing_mode: mode,
        status: "unknown",
        ledger_pending: 3,
        braze_actual: null,
        delta: null,
        missing_in_braze: null,
        extra_in_braze: null,
      };
      const at = "2024-12-07T14:00:00.000Z";
      const nextSend = mode !== "per_campaign" ? NO_NEXT_SEND : {
        expected_next_send: at,
        listed_next_send: at,
        next_send_agrees: true,
      };
      deepStrictEqual(await audit(stack), { ...found, ...nextSend, too_young: 0 });
      await duplicate(stack, 1003);
      await inDashboard(stack, "dashboard/cancel", { match_id: 1001 });
      deepStrictEqual(await audit(stack), { ...found, ...nextSend, too_young: 0 });
      const stored = (await auditsOf(stack)).map(({ next_send_agrees, ...row }) => {
        strictEqual(next_send_agrees, nextSend.next_send_agrees);
        return { ...row, expected_next_send: null, listed_next_send: null, next_send_agrees: null };
      });
      deepStrictEqual(stored, [{ ...found, ...NO_NEXT_SEND }, { ...found, ...NO_NEXT_SEND }]);
      deepStrictEqual(await openAlertsOf(stack, "count_mismatch"), []);
      deepStrictEqual(await logsOf(stack, NAME), []);
    }),
  );
}

Deno.test(
  "braze-count-audit does not report schedules younger than 5 minutes as missing",
  scheduled({ ...PER_SCHEDULE, listingLagSeconds: 240 }, async (stack) => {
    await addFixture(stack, {
      id: 1004,
      home: "Everton",
      away: "Fulham",
      kickoffAt: "2024-12-07T17:30:00Z",
    });
    await schedule(stack);
    const young = await audit(stack);
    deepStrictEqual(
      [young.status, young.ledger_pending, young.braze_actual, young.too_young],
      ["in_sync", 3, 3, 1],
    );
    await reach(stack, "07:06");
    const listed = await audit(stack);
    deepStrictEqual(
      [listed.status, listed.ledger_pending, listed.braze_actual, listed.too_young],
      ["in_sync", 4, 4, 0],
    );
  }),
);

Deno.test(
  "braze-count-audit does not count schedules deleted less than 5 minutes ago that are still listed",
  scheduled({ ...PER_SCHEDULE, listingLagSeconds: 600 }, async (stack) => {
    await stack.sql`update public.matches set status = 'postponed' where id = 1003`;
    await schedule(stack);
    deepStrictEqual((await audit(stack)).extra_in_braze, []);
    await reach(stack, "07:06");
    deepStrictEqual(
      (await audit(stack)).extra_in_braze.map((extra: { match_id: number }) => extra.match_id),
      [1003],
    );
  }),
);

Deno.test(
  "braze-count-audit identifies a schedule by its echo when its create got no answer",
  () =>
    withSuite(
      { fixtures: THREE_AT_ONCE, sandbox: { users: { count: 50 }, switches: PER_SCHEDULE } },
      async (stack) => {
        stack.sandbox.model.switchboard.set({
          faults: [{
            endpoint: "/campaigns/trigger/schedule/create",
            kind: "timeout_after_effect",
            times: 1,
          }, {
            endpoint: "/campaigns/trigger/schedule/create",
            kind: "timeout_before_effect",
            times: 1,
          }],
        });
        await schedule(stack);
        // After two lost answers, the run left the third match to the next one.
        await reach(stack, "06:05");
        await schedule(stack);
        await reach(stack, "07:00");
        const found = await audit(stack);
        deepStrictEqual([found.ledger_pending, found.braze_actual], [3, 2]);
        deepStrictEqual(found.missing_in_braze, [{ match_id: 1002, schedule_id: null }]);
        deepStrictEqual(found.extra_in_braze, []);
      },
    ),
);

Deno.test(
  "braze-count-audit compares nothing beyond the horizon, on either side",
  () =>
    withSuite(
      {
        fixtures: THREE_AT_ONCE,
        sandbox: { users: { count: 50 }, switches: PER_SCHEDULE },
        env: { HORIZON_DAYS: "2" },
      },
      async (stack) => {
        await schedule(stack);
        await reach(stack, "07:00");
        await stack
          .sql`update public.schedule_ledger set send_at_utc = '2024-12-09T07:01Z' where match_id = 1003`;
        const [, , third] = stack.sandbox.model.schedules.all;
        if (third !== undefined) third.sendAt = new Date("2024-12-09T07:01:00Z");
        deepStrictEqual([(await audit(stack)).ledger_pending, (await audit(stack)).status], [
          2,
          "in_sync",
        ]);
        await stack
          .sql`update public.schedule_ledger set send_at_utc = '2024-12-09T07:00Z' where match_id = 1003`;
        strictEqual((await audit(stack)).ledger_pending, 3);
      },
    ),
);

Deno.test(
  "braze-count-audit returns in a dry run what it would find, and stores nothing",
  scheduled(PER_SCHEDULE, async (stack) => {
    await duplicate(stack, 1003);
    strictEqual((await watch(stack, NAME, { dry_run: true })).status, "mismatch");
    const [written] = await stack.sql`
      select
        (select count(*)::int from public.count_audit_logs) as audits,
        (select count(*)::int from public.alerts) as alerts,
        (select count(*)::int from public.braze_schedules where listed_at is not null) as listed`;
    deepStrictEqual({ ...written }, { audits: 0, alerts: 0, listed: 0 });
  }),
);

Deno.test(
  "concurrent runs of braze-count-audit do not double its alert, and each run audits once",
  scheduled(PER_SCHEDULE, async (stack) => {
    await duplicate(stack, 1003);
    const answers = await Promise.all(Array.from({ length: 4 }, () => call(stack, NAME)));
    const done = answers.filter(({ status }) => status === 200);
    ok(done.length >= 1);
    for (const { status, body } of answers) {
      if (status !== 200) deepStrictEqual([status, body.code], [409, "run_in_progress"]);
    }
    strictEqual((await auditsOf(stack)).length, done.length);
    strictEqual((await openAlertsOf(stack, "count_mismatch")).length, 1);
  }),
);
