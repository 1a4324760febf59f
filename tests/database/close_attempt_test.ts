import { deepStrictEqual, strictEqual } from "node:assert/strict";
import {
  addMatch,
  answered,
  attemptRow,
  close,
  LEASE_SECONDS,
  ledgerRow,
  minutes,
  NOW,
  scheduledMatch,
  scheduleRow,
  seconds,
  startRun,
  type Suite,
  withSuite,
} from "./fixtures.ts";
import { MATCH, openedCreate } from "./attempts.ts";

async function openedChange(suite: Suite, kind: "update" | "delete") {
  const target = await scheduledMatch(suite, MATCH);
  const { attempt_id } = await suite.call<{ attempt_id: string }>(`open_${kind}`, {
    p_attempt_id: crypto.randomUUID(),
    p_run_id: target.runId,
    p_lease_seconds: LEASE_SECONDS,
    p_ledger_id: target.ledger_id,
    p_generation: 1,
    p_request: { schedule_id: "schedule-1001-1", schedule: { time: minutes(600) } },
    p_reason: "plan",
    p_now: NOW,
    ...(kind === "update" ? { p_send_at: minutes(600) } : {}),
  });
  return { target, attemptId: attempt_id };
}

async function identifiers({ sql }: Suite): Promise<Record<string, unknown>[]> {
  return [
    ...await sql`
      select kind, value, generation, ambiguous, source
      from public.schedule_identifiers order by kind`,
  ];
}

Deno.test(
  "close_attempt() of a create that succeeded makes the schedule live and registers its identifiers",
  withSuite(async (suite) => {
    const opened = await openedCreate(suite);
    const closed = await close(
      suite,
      opened.attempt_id,
      "succeeded",
      answered("schedule-1", "dispatch-1"),
      seconds(2),
    );
    strictEqual(closed.outcome, "succeeded");
    const schedule = await scheduleRow(suite, opened);
    deepStrictEqual([schedule.state, schedule.braze_schedule_id], ["live", "schedule-1"]);
    const ledger = await ledgerRow(suite, MATCH);
    deepStrictEqual(
      [ledger.status, ledger.braze_schedule_id, ledger.dispatch_id, ledger.send_id],
      ["pending", "schedule-1", "dispatch-1", "send-1"],
    );
    const attempt = await attemptRow(suite, opened.attempt_id);
    deepStrictEqual(
      [attempt.http_status, attempt.closed_at, attempt.braze_schedule_id, attempt.response],
      [201, seconds(2), "schedule-1", { schedule_id: "schedule-1", dispatch_id: "dispatch-1" }],
    );
    const source = { ambiguous: false, source: "create" };
    deepStrictEqual(await identifiers(suite), [
      { kind: "dispatch_id", value: "dispatch-1", generation: 1, ...source },
      { kind: "schedule_id", value: "schedule-1", generation: 1, ...source },
    ]);
  }),
);

for (const outcome of ["failed", "unknown"] as const) {
  Deno.test(
    `close_attempt() of a create that is ${outcome} leaves the row pending and registers no identifier`,
    withSuite(async (suite) => {
      const opened = await openedCreate(suite);
      await close(suite, opened.attempt_id, outcome, { http_status: 500, detail: "Oh" });
      strictEqual((await scheduleRow(suite, opened)).state, outcome);
      strictEqual((await ledgerRow(suite, MATCH)).status, "pending");
      deepStrictEqual(await identifiers(suite), []);
      const attempt = await attemptRow(suite, opened.attempt_id);
      deepStrictEqual(
        [attempt.outcome, attempt.http_status, attempt.detail],
        [outcome, 500, "Oh"],
      );
    }),
  );
}

Deno.test(
  "close_attempt() called again changes nothing: the first known outcome stands",
  withSuite(async (suite) => {
    const opened = await openedCreate(suite);
    await close(suite, opened.attempt_id, "succeeded", answered("schedule-1"));
    const before = [await attemptRow(suite, opened.attempt_id), await ledgerRow(suite, MATCH)];
    for (const outcome of ["succeeded", "failed", "unknown"] as const) {
      const closed = await close(
        suite,
        opened.attempt_id,
        outcome,
        answered("schedule-2"),
        seconds(9),
      );
      strictEqual(closed.outcome, "succeeded");
    }
    deepStrictEqual(
      [await attemptRow(suite, opened.attempt_id), await ledgerRow(suite, MATCH)],
      before,
    );
  }),
);

Deno.test(
  "close_attempt() records the late answer of a create that was closed as unknown",
  withSuite(async (suite) => {
    const opened = await openedCreate(suite);
    await close(suite, opened.attempt_id, "unknown");
    const late = await close(
      suite,
      opened.attempt_id,
      "succeeded",
      answered("schedule-1"),
      seconds(100),
    );
    strictEqual(late.outcome, "succeeded");
    strictEqual((await scheduleRow(suite, opened)).state, "live");
    strictEqual((await ledgerRow(suite, MATCH)).braze_schedule_id, "schedule-1");
  }),
);

Deno.test(
  "close_attempt() does not revert a manual release of an unknown create",
  withSuite(async (suite) => {
    const opened = await openedCreate(suite);
    await close(suite, opened.attempt_id, "unknown");
    await suite.sql`
      update public.schedule_attempts set resolved_at = ${NOW}, resolved_as = 'released'`;
    const late = await close(suite, opened.attempt_id, "succeeded", answered("schedule-1"));
    strictEqual(late.outcome, "unknown");
    strictEqual((await attemptRow(suite, opened.attempt_id)).resolved_as, "released");
  }),
);

Deno.test(
  "close_attempt() leaves a schedule completed if its events came before the answer, and stores its id",
  withSuite(async (suite) => {
    const opened = await openedCreate(suite);
    await suite.sql`select private.record_send_proof(${
      suite.sql.json([{ ledger_id: opened.ledger_id, generation: 1, proof: "push" }])
    }, ${NOW})`;
    await close(suite, opened.attempt_id, "succeeded", answered("schedule-1"));
    const schedule = await scheduleRow(suite, opened);
    deepStrictEqual([schedule.state, schedule.braze_schedule_id], ["completed", "schedule-1"]);
    const ledger = await ledgerRow(suite, MATCH);
    deepStrictEqual([ledger.status, ledger.braze_schedule_id], ["sent", "schedule-1"]);
  }),
);

Deno.test(
  "close_attempt() resolves an unknown create at once if its events came first",
  withSuite(async (suite) => {
    const opened = await openedCreate(suite);
    await suite.sql`select private.record_send_proof(${
      suite.sql.json([{ ledger_id: opened.ledger_id, generation: 1, proof: "push" }])
    }, ${NOW})`;
    await close(suite, opened.attempt_id, "unknown", {}, seconds(5));
    strictEqual((await scheduleRow(suite, opened)).state, "completed");
    const attempt = await attemptRow(suite, opened.attempt_id);
    deepStrictEqual(
      [attempt.outcome, attempt.resolved_as, attempt.resolved_at],
      ["unknown", "proved_by_events", seconds(5)],
    );
  }),
);

Deno.test(
  "close_attempt() of an older generation does not change the ledger row",
  withSuite(async (suite) => {
    const opened = await openedCreate(suite);
    await suite.sql`update public.schedule_ledger set generation = 2`;
    await close(suite, opened.attempt_id, "succeeded", answered("schedule-1", "dispatch-1"));
    strictEqual((await scheduleRow(suite, opened)).state, "live");
    const ledger = await ledgerRow(suite, MATCH);
    deepStrictEqual([ledger.braze_schedule_id, ledger.dispatch_id], [null, null]);
  }),
);

for (
  const [outcome, sendAt, movingTo, ledgerSendAt] of [
    ["succeeded", minutes(600), null, minutes(600)],
    ["failed", minutes(540), null, minutes(540)],
    ["unknown", minutes(540), minutes(600), minutes(540)],
  ] as const
) {
  Deno.test(
    `close_attempt() of an update that is ${outcome} keeps each time at which it may send`,
    withSuite(async (suite) => {
      const { target, attemptId } = await openedChange(suite, "update");
      await close(suite, attemptId, outcome);
      const schedule = await scheduleRow(suite, target);
      deepStrictEqual(
        [schedule.state, schedule.send_at_utc, schedule.moving_to_utc],
        ["live", sendAt, movingTo],
      );
      deepStrictEqual((await ledgerRow(suite, MATCH)).send_at_utc, ledgerSendAt);
    }),
  );
}

for (
  const [earlier, later, movingTo] of [
    ["unknown", "failed", minutes(600)],
    ["unknown", "succeeded", null],
    ["unknown", "unknown", minutes(660)],
    ["failed", "failed", null],
    ["succeeded", "failed", null],
  ] as const
) {
  Deno.test(
    `close_attempt() of an update that is ${later}, after one that was ${earlier}, keeps what Braze may hold`,
    withSuite(async (suite) => {
      const { target, attemptId } = await openedChange(suite, "update");
      await close(suite, attemptId, earlier);
      const { attempt_id } = await suite.call<{ attempt_id: string }>("open_update", {
        p_attempt_id: crypto.randomUUID(),
        p_run_id: target.runId,
        p_lease_seconds: LEASE_SECONDS,
        p_ledger_id: target.ledger_id,
        p_generation: 1,
        p_request: { schedule_id: "schedule-1001-1", schedule: { time: minutes(660) } },
        p_reason: "plan",
        p_now: seconds(60),
        p_send_at: minutes(660),
      });
      await close(suite, attempt_id, later, {}, seconds(61));
      deepStrictEqual((await scheduleRow(suite, target)).moving_to_utc, movingTo);
    }),
  );
}

Deno.test(
  "close_attempt() of an update does not touch a row that was sent meanwhile",
  withSuite(async (suite) => {
    const { attemptId } = await openedChange(suite, "update");
    await suite.sql`
      update public.schedule_ledger
      set status = 'sent', sent_evidence = 'push', sent_confirmed_at = ${NOW}`;
    await close(suite, attemptId, "succeeded");
    deepStrictEqual((await ledgerRow(suite, MATCH)).send_at_utc, minutes(540));
  }),
);

for (
  const [name, outcome, result, state] of [
    ["succeeded", "succeeded", {}, "deleted"],
    ["was refused as an unknown schedule", "failed", { refused: true }, "unknown"],
    ["was not carried out", "failed", { http_status: 429 }, "deleting"],
    ["got no answer", "unknown", {}, "deleting"],
  ] as const
) {
  Deno.test(
    `close_attempt() of a delete that ${name} leaves the schedule ${state}`,
    withSuite(async (suite) => {
      const { target, attemptId } = await openedChange(suite, "delete");
      await close(suite, attemptId, outcome, result);
      strictEqual((await scheduleRow(suite, target)).state, state);
    }),
  );
}

Deno.test(
  "close_attempt() of a delete leaves a schedule completed that sent anyway",
  withSuite(async (suite) => {
    const { target, attemptId } = await openedChange(suite, "delete");
    await suite.sql`update public.braze_schedules set state = 'completed'`;
    await close(suite, attemptId, "succeeded");
    strictEqual((await scheduleRow(suite, target)).state, "completed");
  }),
);

Deno.test(
  "close_attempt() does not reopen a delete that was closed as unknown",
  withSuite(async (suite) => {
    const { target, attemptId } = await openedChange(suite, "delete");
    await close(suite, attemptId, "unknown");
    const late = await close(suite, attemptId, "succeeded");
    strictEqual(late.outcome, "unknown");
    strictEqual((await scheduleRow(suite, target)).state, "deleting");
  }),
);

Deno.test(
  "close_attempt() of a send id keeps its outcome and nothing else",
  withSuite(async (suite) => {
    await addMatch(suite, MATCH);
    const attemptId = crypto.randomUUID();
    await suite.call("open_send_id", {
      p_attempt_id: attemptId,
      p_run_id: await startRun(suite),
      p_lease_seconds: LEASE_SECONDS,
      p_match_id: MATCH,
      p_request: { send_id: "send-1" },
      p_now: NOW,
    });
    strictEqual((await close(suite, attemptId, "succeeded")).outcome, "succeeded");
    deepStrictEqual(await identifiers(suite), []);
  }),
);
