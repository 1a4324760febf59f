import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import {
  addMatch,
  attemptRow,
  close,
  openCreate,
  refusal,
  scheduledMatch,
  scheduleRow,
  startRun,
  withSuite,
} from "./fixtures.ts";
import { openDelete } from "./changes.ts";

Deno.test(
  "open_delete() marks the generation and names its schedule",
  withSuite(async (suite) => {
    const target = await scheduledMatch(suite);
    const { attempt_id } = await openDelete(suite, target, { p_reason: "duplicate" });
    strictEqual((await scheduleRow(suite, target)).state, "deleting");
    const attempt = await attemptRow(suite, attempt_id);
    deepStrictEqual(
      [attempt.kind, attempt.reason, attempt.braze_schedule_id, attempt.generation],
      ["delete", "duplicate", "schedule-1001-1", 1],
    );
  }),
);

Deno.test(
  "open_delete() accepts a schedule that may be live, also repeatedly, and refuses any other",
  withSuite(async (suite) => {
    const target = await scheduledMatch(suite);
    for (const state of ["live", "unknown", "deleting"]) {
      await suite.sql`update public.braze_schedules set state = ${state}`;
      await openDelete(suite, target);
    }
    for (const state of ["creating", "failed", "deleted", "completed"]) {
      await suite.sql`update public.braze_schedules set state = ${state}`;
      await rejects(openDelete(suite, target), refusal("not_live"));
    }
  }),
);

Deno.test(
  "open_delete() of a cancelled row refuses when a person has taken that back",
  withSuite(async (suite) => {
    const target = await scheduledMatch(suite);
    await rejects(openDelete(suite, target, { p_of_cancelled: true }), refusal("not_cancelled"));
    strictEqual((await scheduleRow(suite, target)).state, "live");
    await suite.sql`
      update public.schedule_ledger set status = 'cancelled', cancel_reason = 'operator'`;
    await openDelete(suite, target, { p_of_cancelled: true });
    strictEqual((await scheduleRow(suite, target)).state, "deleting");
  }),
);

Deno.test(
  "open_delete() refuses a schedule without a known id",
  withSuite(async (suite) => {
    await addMatch(suite, 1001);
    const runId = await startRun(suite);
    const opened = await openCreate(suite, runId, 1001);
    await close(suite, opened.attempt_id, "unknown");
    await rejects(openDelete(suite, { ...opened, runId }), refusal("not_live"));
  }),
);
