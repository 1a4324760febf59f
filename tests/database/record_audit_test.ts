import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { NOW, only, type Suite, withSuite } from "./fixtures.ts";

const AUDIT = {
  listing_mode: "per_schedule",
  status: "mismatch",
  ledger_pending: 2,
  braze_actual: 3,
  missing_in_braze: [],
  extra_in_braze: [{ match_id: 1, schedule_id: "s-1" }],
  expected_next_send: null,
  listed_next_send: null,
  next_send_agrees: null,
};
const NOTHING_KNOWN = {
  listing_mode: "per_campaign",
  status: "unknown",
  ledger_pending: 2,
  braze_actual: null,
  missing_in_braze: null,
  extra_in_braze: null,
  expected_next_send: NOW,
  listed_next_send: NOW,
  next_send_agrees: true,
};

function record({ call }: Suite, audit: object, runId: string = crypto.randomUUID()) {
  return call<boolean>("record_audit", { p_audit: audit, p_run_id: runId, p_now: NOW });
}

Deno.test(
  "record_audit() stores one row per run, even if it is called repeatedly",
  withSuite(async (suite) => {
    const runId = crypto.randomUUID();
    strictEqual(await record(suite, AUDIT, runId), true);
    strictEqual(await record(suite, { ...AUDIT, braze_actual: 9 }, runId), false);
    const { id: _id, ...row } = only(await suite.sql`select * from public.count_audit_logs`);
    deepStrictEqual(row, { ...AUDIT, run_id: runId, checked_at: NOW, delta: 1 });
  }),
);

Deno.test(
  "record_audit() stores an unknown result",
  withSuite(async (suite) => {
    await record(suite, NOTHING_KNOWN);
    const row = only(await suite.sql`select * from public.count_audit_logs`);
    deepStrictEqual([row.braze_actual, row.delta, row.missing_in_braze], [null, null, null]);
    deepStrictEqual(
      [row.expected_next_send, row.listed_next_send, row.next_send_agrees],
      [NOW, NOW, true],
    );
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
