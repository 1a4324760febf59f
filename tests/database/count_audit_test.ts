import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import {
  addMatch,
  close,
  createSchedule,
  minutes,
  NOW,
  only,
  openCreate,
  startRun,
  type Suite,
  withSuite,
} from "./fixtures.ts";

interface Loaded {
  readonly pending: readonly Record<string, unknown>[];
  readonly known: readonly Record<string, unknown>[];
}

function load({ call }: Suite, scheduleIds: readonly string[] = [], now = NOW): Promise<Loaded> {
  return call("load_audit", { p_schedule_ids: scheduleIds, p_now: now });
}

const AUDIT = {
  listing_mode: "per_schedule",
  status: "mismatch",
  ledger_pending: 2,
  braze_actual: 3,
  missing_in_braze: [],
  extra_in_braze: [{ match_id: 1, schedule_id: "s-1" }],
};
const NOTHING_KNOWN = {
  listing_mode: "per_campaign",
  status: "unknown",
  ledger_pending: 2,
  braze_actual: null,
  missing_in_braze: null,
  extra_in_braze: null,
};

function record({ call }: Suite, audit: object, runId: string = crypto.randomUUID()) {
  return call<boolean>("record_audit", { p_audit: audit, p_run_id: runId, p_now: NOW });
}

Deno.test(
  "load_audit() gives what is pending and still to be sent, with its present generation",
  withSuite(async (suite) => {
    for (const id of [1, 2, 3, 4]) await addMatch(suite, id);
    const runId = await startRun(suite);
    const first = await openCreate(suite, runId, 1);
    await close(suite, first.attempt_id, "failed");
    const second = await createSchedule(suite, runId, 1, { p_now: minutes(1) });
    await createSchedule(suite, runId, 2);
    await createSchedule(suite, runId, 3);
    await createSchedule(suite, runId, 4);
    await suite.sql`
      update public.schedule_ledger set status = 'cancelled', cancel_reason = 'plan' where match_id = 2`;
    await suite.sql`
      update public.schedule_ledger
      set status = 'sent', sent_evidence = 'push', sent_confirmed_at = ${NOW} where match_id = 3`;
    await suite.sql`update public.schedule_ledger set send_at_utc = ${NOW} where match_id = 4`;
    deepStrictEqual((await load(suite)).pending, [{
      match_id: 1,
      ledger_id: second.ledger_id,
      generation: 2,
      braze_schedule_id: "schedule-1-2",
      send_at: "2024-12-07T15:00:00+00:00",
      asked_at: "2024-12-07T06:01:00+00:00",
    }]);
  }),
);

Deno.test(
  "load_audit() says which of the listed schedules we asked for, of any generation and status",
  withSuite(async (suite) => {
    await addMatch(suite, 1);
    await createSchedule(suite, await startRun(suite), 1);
    await suite.sql`update public.schedule_ledger set status = 'cancelled', cancel_reason = 'plan'`;
    await suite.sql`update public.braze_schedules set state = 'deleted', updated_at = ${
      minutes(3)
    }`;
    deepStrictEqual((await load(suite, ["schedule-1-1", "somebody-elses"])).known, [{
      braze_schedule_id: "schedule-1-1",
      match_id: 1,
      is_deleted: true,
      changed_at: "2024-12-07T06:03:00+00:00",
    }]);
  }),
);

Deno.test(
  "record_audit() stores one row a run, however often it is called",
  withSuite(async (suite) => {
    const runId = crypto.randomUUID();
    strictEqual(await record(suite, AUDIT, runId), true);
    strictEqual(await record(suite, { ...AUDIT, braze_actual: 9 }, runId), false);
    const { id: _id, ...row } = only(await suite.sql`select * from public.count_audit_logs`);
    deepStrictEqual(row, { ...AUDIT, run_id: runId, checked_at: NOW, delta: 1 });
  }),
);

Deno.test(
  "record_audit() stores that nothing is known",
  withSuite(async (suite) => {
    await record(suite, NOTHING_KNOWN);
    const row = only(await suite.sql`select * from public.count_audit_logs`);
    deepStrictEqual([row.braze_actual, row.delta, row.missing_in_braze], [null, null, null]);
  }),
);

for (
  const [what, audit, constraint] of [
    [
      "in sync from a list of campaigns",
      { ...AUDIT, status: "in_sync", extra_in_braze: [], listing_mode: "per_campaign" },
      "only_a_list_of_schedules_can_be_counted",
    ],
    [
      "a mismatch from no list",
      { ...AUDIT, listing_mode: "unavailable" },
      "only_a_list_of_schedules_can_be_counted",
    ],
    [
      "unknown beside a count",
      { ...NOTHING_KNOWN, braze_actual: 2 },
      "only_a_list_of_schedules_can_be_counted",
    ],
    ["unknown beside a set", { ...NOTHING_KNOWN, extra_in_braze: [] }, "sets_are_told_when_known"],
    ["a mismatch without sets", { ...AUDIT, missing_in_braze: null }, "sets_are_told_when_known"],
    ["in sync beside an extra one", { ...AUDIT, status: "in_sync" }, "in_sync_means_equal_sets"],
    ["a mismatch of equal sets", { ...AUDIT, extra_in_braze: [] }, "in_sync_means_equal_sets"],
    ["another status", { ...AUDIT, status: "fine" }, "status_is_known"],
  ] as const
) {
  Deno.test(
    `an audit cannot be stored as ${what}`,
    withSuite(async (suite) => {
      await rejects(record(suite, audit), { constraint_name: constraint });
    }),
  );
}
