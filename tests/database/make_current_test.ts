/** A create beside the current schedule, behind a closed gate: which of the two passes. */
import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import {
  addMatch,
  answered,
  attemptRow,
  close,
  endRun,
  ledgerRow,
  minutes,
  openCreate,
  type OpenedCreate,
  refusal,
  scheduleRow,
  startRun,
  type Suite,
  withSuite,
} from "./fixtures.ts";
import { MATCH } from "./gate.ts";

const GATED = { p_gated: true };
const SECOND = {
  ...GATED,
  p_beside_generation: 1,
  p_signature: "signature-2",
  p_send_at: minutes(570),
  p_expected: { count: 7, min: 5, max: 9, source: "teams" },
  p_request: { campaign_id: "campaign-2", trigger_properties: {} },
  p_send_id: "match-1001",
  p_now: minutes(1),
};

async function first(suite: Suite, outcome: "succeeded" | "unknown" = "succeeded", args = GATED) {
  await addMatch(suite, MATCH);
  const runId = await startRun(suite);
  const opened = await openCreate(suite, runId, MATCH, args);
  await close(
    suite,
    opened.attempt_id,
    outcome,
    outcome === "succeeded" ? answered("schedule-1") : {},
  );
  return { runId, opened };
}

/** The row as the gate and all functions read it. */
async function current(suite: Suite) {
  const row = await ledgerRow(suite, MATCH);
  return [row.generation, row.braze_schedule_id, row.signature, row.status];
}

/** Whether the gate lets a generation pass. */
async function passes({ call }: Suite, { ledger_id, generation, attempt_id }: OpenedCreate) {
  const facts = await call<{ generation: number }>("load_gate_facts", {
    p_ledger_id: ledger_id,
    p_generation: generation,
    p_attempt_id: attempt_id,
  });
  return facts.generation === generation;
}

Deno.test(
  "open_create() beside a live schedule leaves it current until the create has succeeded",
  withSuite(async (suite) => {
    const { runId, opened } = await first(suite);
    const before = await ledgerRow(suite, MATCH);
    const next = await openCreate(suite, runId, MATCH, SECOND);
    strictEqual(next.generation, 2);
    deepStrictEqual(await ledgerRow(suite, MATCH), before);
    deepStrictEqual([await passes(suite, opened), await passes(suite, next)], [true, false]);

    await close(suite, next.attempt_id, "succeeded", answered("schedule-2", "dispatch-2"));
    const after = await ledgerRow(suite, MATCH);
    deepStrictEqual(
      [after.generation, after.braze_schedule_id, after.dispatch_id, after.campaign_id],
      [2, "schedule-2", "dispatch-2", "campaign-2"],
    );
    deepStrictEqual([after.signature, after.send_at_utc, after.send_id], [
      "signature-2",
      minutes(570),
      "match-1001",
    ]);
    deepStrictEqual(
      [after.expected_send_count, after.expected_send_count_min, after.expected_send_count_max],
      [7, 5, 9],
    );
    deepStrictEqual([await passes(suite, opened), await passes(suite, next)], [false, true]);
    strictEqual((await scheduleRow(suite, opened)).state, "live");
  }),
);

for (const outcome of ["failed", "unknown"] as const) {
  Deno.test(
    `a create beside a live schedule that is ${outcome} leaves that current`,
    withSuite(async (suite) => {
      const { runId, opened } = await first(suite);
      const next = await openCreate(suite, runId, MATCH, SECOND);
      await close(suite, next.attempt_id, outcome);
      deepStrictEqual(await current(suite), [1, "schedule-1", "signature", "pending"]);
      deepStrictEqual([await passes(suite, opened), await passes(suite, next)], [true, false]);
      const third = await openCreate(suite, runId, MATCH, SECOND);
      strictEqual(third.generation, 3, "a number is given out once");
    }),
  );
}

Deno.test(
  "a create beside a schedule that may not exist makes the newest current, unless it was refused",
  withSuite(async (suite) => {
    const { runId, opened } = await first(suite, "unknown");
    const second = await openCreate(suite, runId, MATCH, SECOND);
    const { resolved_as, resolved_at } = await attemptRow(suite, opened.attempt_id);
    deepStrictEqual([resolved_as, resolved_at], ["released", minutes(1)]);
    await close(suite, second.attempt_id, "failed");
    strictEqual(await passes(suite, opened), true);
    strictEqual((await scheduleRow(suite, opened)).state, "unknown");

    const third = await openCreate(suite, runId, MATCH, SECOND);
    await close(suite, third.attempt_id, "unknown");
    deepStrictEqual([await passes(suite, opened), await passes(suite, third)], [false, true]);
    strictEqual((await scheduleRow(suite, opened)).state, "deleted");
    const [log] = await suite.sql`
      select function_name, action, match_id, run_id, details from public.scheduler_logs`;
    deepStrictEqual({ ...log }, {
      function_name: "braze-scheduler",
      action: "create_released",
      match_id: String(MATCH),
      run_id: runId,
      details: { generation: 1 },
    });
  }),
);

Deno.test(
  "a create beside a schedule that is deleted meanwhile makes the newest current even if it is unknown",
  withSuite(async (suite) => {
    const { runId } = await first(suite);
    const next = await openCreate(suite, runId, MATCH, SECOND);
    await suite.sql`update public.braze_schedules set state = 'deleted' where generation = 1`;
    await close(suite, next.attempt_id, "unknown");
    strictEqual(await passes(suite, next), true);
  }),
);

Deno.test(
  "a replacement that a list shows becomes current",
  withSuite(async (suite) => {
    const { runId, opened } = await first(suite);
    const next = await openCreate(suite, runId, MATCH, SECOND);
    await close(suite, next.attempt_id, "unknown");
    await suite.call("adopt_schedule", {
      p_ledger_id: next.ledger_id,
      p_generation: 2,
      p_braze_schedule_id: "schedule-2",
      p_now: minutes(5),
    });
    deepStrictEqual(await current(suite), [2, "schedule-2", "signature-2", "pending"]);
    deepStrictEqual([await passes(suite, opened), await passes(suite, next)], [false, true]);
  }),
);

for (
  const [what, change] of [
    ["cancelled", "status = 'cancelled', cancel_reason = 'operator'"],
    [
      "sent",
      "status = 'sent', sent_evidence = 'push', sent_confirmed_at = '2024-12-07T06:01:00Z'",
    ],
  ] as const
) {
  Deno.test(
    `a create that succeeds after its match was ${what} does not become current`,
    withSuite(async (suite) => {
      const { runId } = await first(suite);
      const next = await openCreate(suite, runId, MATCH, SECOND);
      await suite.sql.unsafe(`update public.schedule_ledger set ${change}`);
      await close(suite, next.attempt_id, "succeeded", answered("schedule-2"));
      deepStrictEqual(await current(suite), [1, "schedule-1", "signature", what]);
      strictEqual((await scheduleRow(suite, next)).state, "live");
    }),
  );
}

Deno.test(
  "open_create() refuses to create beside a schedule that the gate does not shut out",
  withSuite(async (suite) => {
    const { runId } = await first(suite);
    const unresolved = refusal("earlier_generation_unresolved");
    await rejects(openCreate(suite, runId, MATCH, GATED), unresolved);
    await rejects(openCreate(suite, runId, MATCH, { ...SECOND, p_gated: false }), unresolved);
    await suite.sql`update public.braze_schedules set gated = false`;
    await rejects(openCreate(suite, runId, MATCH, SECOND), unresolved);
    await suite.sql`update public.braze_schedules set gated = true, state = 'creating'`;
    await rejects(openCreate(suite, runId, MATCH, SECOND), unresolved);
    await suite.sql`update public.braze_schedules set state = 'live'`;
    await openCreate(suite, runId, MATCH, SECOND);
  }),
);

Deno.test(
  "open_create() refuses to create beside a schedule that is not the pending current one",
  withSuite(async (suite) => {
    const { runId } = await first(suite);
    const other = { ...SECOND, p_beside_generation: 2 };
    await rejects(openCreate(suite, runId, MATCH, other), refusal("not_current"));
    await suite.sql`update public.schedule_ledger set status = 'cancelled', cancel_reason = 'plan'`;
    await rejects(openCreate(suite, runId, MATCH, SECOND), refusal("not_current"));
    await endRun(suite, runId);
    await rejects(openCreate(suite, runId, MATCH, SECOND), refusal("lease_lost"));
  }),
);

Deno.test(
  "open_create() takes a send id along only within its campaign",
  withSuite(async (suite) => {
    const { runId, opened } = await first(
      suite,
      "succeeded",
      {
        ...GATED,
        p_send_id: "match-1001",
      } as typeof GATED,
    );
    strictEqual(opened.request.send_id, "match-1001");
    await suite.sql`update public.braze_schedules set state = 'deleted'`;
    const same = await openCreate(suite, runId, MATCH);
    strictEqual(same.request.send_id, "match-1001");
    await close(suite, same.attempt_id, "failed");
    const elsewhere = await openCreate(suite, runId, MATCH, {
      p_request: { campaign_id: "campaign-2", trigger_properties: {} },
    });
    strictEqual(elsewhere.request.send_id, undefined);
    strictEqual((await ledgerRow(suite, MATCH)).send_id, null);
  }),
);

Deno.test(
  "a create without a clear answer keeps the schedule that the answer named",
  withSuite(async (suite) => {
    await addMatch(suite, MATCH);
    const opened = await openCreate(suite, await startRun(suite), MATCH);
    await close(suite, opened.attempt_id, "unknown", { answer: { schedule_id: "schedule-1" } });
    const { state, braze_schedule_id } = await scheduleRow(suite, opened);
    deepStrictEqual([state, braze_schedule_id], ["unknown", "schedule-1"]);
    const known = await suite.sql`select kind, value from public.schedule_identifiers`;
    deepStrictEqual(known.map((row) => ({ ...row })), [{
      kind: "schedule_id",
      value: "schedule-1",
    }]);
  }),
);
