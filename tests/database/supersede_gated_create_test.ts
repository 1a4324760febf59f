import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import {
  addMatch,
  attemptRow,
  close,
  endRun,
  LEASE_SECONDS,
  minutes,
  NOW,
  openCreate,
  type OpenedCreate,
  refusal,
  scheduleRow,
  startRun,
  type Suite,
  withSuite,
} from "./fixtures.ts";
import { createWithoutAnswer, MATCH } from "./gate.ts";

function release({ call }: Suite, runId: string, opened: OpenedCreate, changes = {}) {
  return call<boolean>("supersede_gated_create", {
    p_run_id: runId,
    p_lease_seconds: LEASE_SECONDS,
    p_ledger_id: opened.ledger_id,
    p_generation: opened.generation,
    p_now: minutes(1),
    ...changes,
  });
}

Deno.test(
  "supersede_gated_create() allows the next generation",
  withSuite(async (suite) => {
    const { opened, runId } = await createWithoutAnswer(suite);
    await rejects(openCreate(suite, runId, MATCH), refusal("earlier_generation_unresolved"));
    strictEqual(await release(suite, runId, opened), true);
    strictEqual((await scheduleRow(suite, opened)).state, "deleted");
    const { resolved_as, resolved_at } = await attemptRow(suite, opened.attempt_id);
    deepStrictEqual([resolved_as, resolved_at], ["released", minutes(1)]);
    const [log] = await suite.sql`
      select logged_at, function_name, action, match_id, run_id, details from public.scheduler_logs`;
    deepStrictEqual({ ...log }, {
      logged_at: minutes(1),
      function_name: "braze-scheduler",
      action: "create_released",
      match_id: String(MATCH),
      run_id: runId,
      details: { generation: 1 },
    });
    strictEqual((await openCreate(suite, runId, MATCH)).generation, 2);
    strictEqual(await release(suite, runId, opened), false, "there is a newer one");
  }),
);

Deno.test(
  "supersede_gated_create() refuses a run without its lease",
  withSuite(async (suite) => {
    const { opened, runId } = await createWithoutAnswer(suite);
    await endRun(suite, runId);
    await rejects(release(suite, runId, opened), refusal("lease_lost"));
    strictEqual((await scheduleRow(suite, opened)).state, "unknown");
  }),
);

for (
  const [what, change] of [
    ["is cancelled", "status = 'cancelled', cancel_reason = 'operator'"],
    ["has moved on", "generation = 2"],
  ] as const
) {
  Deno.test(
    `supersede_gated_create() does not release a row that ${what}`,
    withSuite(async (suite) => {
      const { opened, runId } = await createWithoutAnswer(suite);
      await suite.sql.unsafe(`update public.schedule_ledger set ${change}`);
      strictEqual(await release(suite, runId, opened), false);
      strictEqual((await attemptRow(suite, opened.attempt_id)).resolved_as, null);
    }),
  );
}

Deno.test(
  "supersede_gated_create() does not release a create with a known outcome",
  withSuite(async (suite) => {
    await addMatch(suite, MATCH);
    const runId = await startRun(suite);
    const opened = await openCreate(suite, runId, MATCH);
    await close(suite, opened.attempt_id, "succeeded");
    strictEqual(await release(suite, runId, opened, { p_now: NOW }), false);
    strictEqual((await scheduleRow(suite, opened)).state, "live");
  }),
);
