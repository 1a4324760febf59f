import { deepStrictEqual, strictEqual } from "node:assert/strict";
import {
  addMatch,
  attemptRow,
  close,
  createSchedule,
  ledgerRow,
  minutes,
  openCreate,
  type OpenedCreate,
  scheduleRow,
  startRun,
  type Suite,
  withSuite,
} from "./fixtures.ts";
import { createWithoutAnswer, MATCH } from "./reconciling.ts";

function adopt({ call }: Suite, { ledger_id, generation }: OpenedCreate, args = {}) {
  return call<boolean>("adopt_schedule", {
    p_ledger_id: ledger_id,
    p_generation: generation,
    p_braze_schedule_id: "found",
    p_now: minutes(5),
    ...args,
  });
}

Deno.test(
  "adopt_schedule() makes an unknown schedule live, registers its ids and resolves its create",
  withSuite(async (suite) => {
    const opened = await createWithoutAnswer(suite);
    const adopted = await adopt(suite, opened, {
      p_send_at: minutes(545),
      p_dispatch_id: "d1",
    });
    strictEqual(adopted, true);
    const known = await suite.sql`
      select kind, value, generation from public.schedule_identifiers order by kind`;
    deepStrictEqual(
      known.map(({ kind, value, generation }) => [kind, value, generation]),
      [["dispatch_id", "d1", 1], ["schedule_id", "found", 1]],
    );
    const schedule = await scheduleRow(suite, opened);
    deepStrictEqual(
      [schedule.state, schedule.braze_schedule_id, schedule.send_at_utc],
      ["live", "found", minutes(545)],
    );
    const ledger = await ledgerRow(suite, MATCH);
    deepStrictEqual(
      [ledger.braze_schedule_id, ledger.dispatch_id, ledger.send_at_utc],
      ["found", "d1", minutes(545)],
    );
    strictEqual((await attemptRow(suite, opened.attempt_id)).resolved_as, "adopted");
    strictEqual(await adopt(suite, opened), false, "once");
  }),
);

Deno.test(
  "adopt_schedule() skips a schedule with a call in progress, with another id, or of another row",
  withSuite(async (suite) => {
    await addMatch(suite, MATCH);
    const runId = await startRun(suite);
    const opened = await openCreate(suite, runId, MATCH);
    strictEqual(await adopt(suite, opened), false, "under way");
    await close(suite, opened.attempt_id, "unknown");
    await addMatch(suite, 1002);
    const other = await createSchedule(suite, runId, 1002);
    strictEqual(
      await adopt(suite, opened, { p_braze_schedule_id: "schedule-1002-1" }),
      false,
      "another match's",
    );
    strictEqual(await adopt(suite, other), false, "known by another id");
    strictEqual((await scheduleRow(suite, other)).braze_schedule_id, "schedule-1002-1");
  }),
);

Deno.test(
  "adopt_schedule() of an old generation does not change the ledger's current generation",
  withSuite(async (suite) => {
    await addMatch(suite, MATCH);
    const runId = await startRun(suite);
    const old = await openCreate(suite, runId, MATCH);
    await close(suite, old.attempt_id, "failed");
    await createSchedule(suite, runId, MATCH);
    strictEqual(await adopt(suite, old), true);
    strictEqual((await scheduleRow(suite, old)).state, "live");
    strictEqual((await ledgerRow(suite, MATCH)).braze_schedule_id, "schedule-1001-2");
    // Braze had refused it: that was known, only wrong.
    const attempt = await attemptRow(suite, old.attempt_id);
    deepStrictEqual([attempt.outcome, attempt.resolved_as], ["failed", null]);
  }),
);
