import { deepStrictEqual } from "node:assert/strict";
import {
  addMatch,
  close,
  createSchedule,
  minutes,
  NOW,
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

Deno.test(
  "load_audit() returns the pending rows that are still to be sent, with their current generation",
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
  "load_audit() returns which of the listed schedules we requested, of any generation and status",
  withSuite(async (suite) => {
    await addMatch(suite, 1);
    await createSchedule(suite, await startRun(suite), 1);
    await suite.sql`update public.schedule_ledger set status = 'cancelled', cancel_reason = 'plan'`;
    await suite.sql`update public.braze_schedules set state = 'deleted', updated_at = ${
      minutes(3)
    }`;
    deepStrictEqual((await load(suite, ["schedule-1-1", "unmanaged-1"])).known, [{
      braze_schedule_id: "schedule-1-1",
      match_id: 1,
      is_deleted: true,
      changed_at: "2024-12-07T06:03:00+00:00",
    }]);
  }),
);
