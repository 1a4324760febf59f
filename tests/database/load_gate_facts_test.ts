import { deepStrictEqual, strictEqual } from "node:assert/strict";
import {
  addMatch,
  close,
  minutes,
  openCreate,
  type Suite,
  UNKNOWN_ID,
  withSuite,
} from "./fixtures.ts";
import { createWithoutAnswer } from "./gate.ts";

function facts(
  { call }: Suite,
  ledgerId: string,
  generation: number,
  attemptId: string,
): Promise<unknown> {
  return call("load_gate_facts", {
    p_ledger_id: ledgerId,
    p_generation: generation,
    p_attempt_id: attemptId,
  });
}

Deno.test(
  "load_gate_facts() returns row, match and the requested generation",
  withSuite(async (suite) => {
    const { opened } = await createWithoutAnswer(suite);
    const known = {
      generation: 1,
      status: "pending",
      cancel_reason: null,
      match_status: "scheduled",
      push: true,
      removal_held: false,
      kickoff_at: "2024-12-07T16:00:00+00:00",
      is_held: false,
    };
    deepStrictEqual(await facts(suite, opened.ledger_id, 1, opened.attempt_id), {
      ...known,
      state: "unknown",
      send_at: "2024-12-07T15:00:00+00:00",
    });
    deepStrictEqual(await facts(suite, opened.ledger_id, 2, opened.attempt_id), {
      ...known,
      state: null,
      send_at: null,
    });
    strictEqual(await facts(suite, UNKNOWN_ID, 1, opened.attempt_id), null);
    await suite.sql`update public.braze_schedules set moving_to_utc = ${minutes(560)}`;
    await suite.sql`update public.matches set status = 'postponed'`;
    await suite.sql`update public.schedule_ledger set generation = 2`;
    await suite.sql`
      update public.schedule_ledger set status = 'cancelled', cancel_reason = 'operator'`;
    deepStrictEqual(await facts(suite, opened.ledger_id, 1, opened.attempt_id), {
      generation: 2,
      status: "cancelled",
      cancel_reason: "operator",
      match_status: "postponed",
      push: true,
      removal_held: false,
      kickoff_at: "2024-12-07T16:00:00+00:00",
      is_held: false,
      state: "unknown",
      send_at: "2024-12-07T15:20:00+00:00",
    });
  }),
);

Deno.test(
  "load_gate_facts() knows a generation only by its own create: after a restored backup, numbers are given out again",
  withSuite(async (suite) => {
    const { opened, runId } = await createWithoutAnswer(suite);
    await close(suite, opened.attempt_id, "failed");
    const second = await openCreate(suite, runId, 1001);
    await addMatch(suite, 1002);
    const other = await openCreate(suite, runId, 1002);
    const stateOf = async (generation: number, attemptId: string) =>
      (await facts(suite, opened.ledger_id, generation, attemptId) as { state: string }).state;
    strictEqual(await stateOf(2, second.attempt_id), "creating");
    for (const attemptId of [UNKNOWN_ID, opened.attempt_id, other.attempt_id]) {
      strictEqual(await stateOf(2, attemptId), null);
    }
    await suite.sql`update public.schedule_attempts set kind = 'update'`;
    strictEqual(await stateOf(2, second.attempt_id), null);
  }),
);
