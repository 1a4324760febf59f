import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import {
  attemptRow,
  minutes,
  refusal,
  scheduledMatch,
  scheduleRow,
  withSuite,
} from "./fixtures.ts";
import { attempts, openUpdate } from "./changes.ts";

Deno.test(
  "open_update() keeps both times while the move is under way",
  withSuite(async (suite) => {
    const target = await scheduledMatch(suite);
    const { attempt_id } = await openUpdate(suite, target);
    const schedule = await scheduleRow(suite, target);
    deepStrictEqual(
      [schedule.state, schedule.send_at_utc, schedule.moving_to_utc],
      ["live", minutes(540), minutes(600)],
    );
    const attempt = await attemptRow(suite, attempt_id);
    deepStrictEqual(
      [attempt.kind, attempt.braze_schedule_id, attempt.match_id, attempt.outcome],
      ["update", "schedule-1001-1", "1001", null],
    );
  }),
);

Deno.test(
  "open_update() refuses all but the live current generation of a pending row",
  withSuite(async (suite) => {
    const target = await scheduledMatch(suite);
    const refused = () => rejects(openUpdate(suite, target), refusal("not_live"));
    for (const state of ["creating", "unknown", "failed", "deleting", "deleted", "completed"]) {
      await suite.sql`update public.braze_schedules set state = ${state}`;
      await refused();
    }
    await suite.sql`update public.braze_schedules set state = 'live'`;
    await suite.sql`update public.schedule_ledger set generation = 2`;
    await refused();
    await suite.sql`
      update public.schedule_ledger
      set generation = 1, status = 'cancelled', cancel_reason = 'plan'`;
    await refused();
    strictEqual((await scheduleRow(suite, target)).moving_to_utc, null);
    strictEqual(await attempts(suite), 1, "only the create");
  }),
);
