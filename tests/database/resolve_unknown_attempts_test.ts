import { deepStrictEqual, strictEqual } from "node:assert/strict";
import {
  attemptRow,
  LEASE_SECONDS,
  ledgerRow,
  minutes,
  NOW,
  scheduleRow,
  type Suite,
  withSuite,
} from "./fixtures.ts";
import { changeWithoutAnswer, MATCH } from "./reconciling.ts";

function resolveUnknownAttempts(
  { call }: Suite,
  schedules: readonly unknown[],
  attempts: readonly unknown[],
  now = minutes(30),
) {
  return call<{ schedules: number; attempt_ids: string[] }>("resolve_unknown_attempts", {
    p_schedules: schedules,
    p_attempts: attempts,
    p_now: now,
  });
}

for (const [effect, sendAt] of [["moved", minutes(600)], ["not_moved", minutes(540)]] as const) {
  Deno.test(
    `resolve_unknown_attempts() of a move that is found ${effect} keeps one time, in both places`,
    withSuite(async (suite) => {
      const change = await changeWithoutAnswer(suite, "update");
      const resolution = { attempt_id: change.attemptId, resolved_as: "listed", effect };
      deepStrictEqual(
        (await resolveUnknownAttempts(suite, [], [resolution])).attempt_ids,
        [change.attemptId],
      );
      const schedule = await scheduleRow(suite, change);
      deepStrictEqual([schedule.send_at_utc, schedule.moving_to_utc], [sendAt, null]);
      deepStrictEqual((await ledgerRow(suite, MATCH)).send_at_utc, sendAt);
      strictEqual((await attemptRow(suite, change.attemptId)).resolved_as, "listed");
      deepStrictEqual(
        (await resolveUnknownAttempts(suite, [], [resolution])).attempt_ids,
        [],
        "once",
      );
    }),
  );
}

for (const effect of ["live", "deleted"]) {
  Deno.test(
    `resolve_unknown_attempts() of a delete whose schedule is ${effect}`,
    withSuite(async (suite) => {
      const change = await changeWithoutAnswer(suite, "delete");
      const resolution = { ledger_id: change.ledger_id, generation: 1, effect };
      strictEqual((await resolveUnknownAttempts(suite, [resolution], [])).schedules, 1);
      strictEqual((await scheduleRow(suite, change)).state, effect);
      strictEqual((await resolveUnknownAttempts(suite, [resolution], [])).schedules, 0, "once");
    }),
  );
}

Deno.test(
  "resolve_unknown_attempts() records the first list that lacked a schedule, and counts nothing as resolved",
  withSuite(async (suite) => {
    const change = await changeWithoutAnswer(suite, "delete");
    const resolution = { ledger_id: change.ledger_id, generation: 1, effect: "missed" };
    strictEqual((await resolveUnknownAttempts(suite, [resolution], [])).schedules, 0);
    await resolveUnknownAttempts(suite, [resolution], [], minutes(60));
    const schedule = await scheduleRow(suite, change);
    deepStrictEqual([schedule.state, schedule.missed_at], ["deleting", minutes(30)]);
  }),
);

Deno.test(
  "resolve_unknown_attempts() leaves a schedule unchanged while a call is under way",
  withSuite(async (suite) => {
    const change = await changeWithoutAnswer(suite, "delete");
    await suite.call("open_delete", {
      p_attempt_id: crypto.randomUUID(),
      p_run_id: change.runId,
      p_lease_seconds: LEASE_SECONDS,
      p_ledger_id: change.ledger_id,
      p_generation: 1,
      p_request: {},
      p_reason: "plan",
      p_now: NOW,
    });
    const answer = await resolveUnknownAttempts(
      suite,
      [{ ledger_id: change.ledger_id, generation: 1, effect: "live" }],
      [{ attempt_id: change.attemptId, resolved_as: "listed", effect: null }],
    );
    deepStrictEqual(answer, { schedules: 0, attempt_ids: [] });
    strictEqual((await scheduleRow(suite, change)).state, "deleting");
  }),
);
