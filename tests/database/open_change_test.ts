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
  refusal,
  scheduledMatch,
  scheduleRow,
  startRun,
  type Suite,
  withSuite,
} from "./fixtures.ts";

type Target = Awaited<ReturnType<typeof scheduledMatch>>;
type Arguments = Record<string, unknown>;

function openUpdate({ call }: Suite, target: Target, args: Arguments = {}) {
  return call<{ attempt_id: string; request: unknown }>("open_update", {
    ...opening(target),
    p_ledger_id: target.ledger_id,
    p_generation: target.generation,
    p_send_at: minutes(600),
    p_request: { schedule: { time: minutes(600).toISOString() } },
    p_reason: "plan",
    ...args,
  });
}

function openDelete({ call }: Suite, target: Target, args: Arguments = {}) {
  return call<{ attempt_id: string; request: unknown }>("open_delete", {
    ...opening(target),
    p_ledger_id: target.ledger_id,
    p_generation: target.generation,
    p_request: { schedule_id: "schedule-1001-1" },
    p_reason: "plan",
    ...args,
  });
}

function opening({ runId }: Target): Arguments {
  return {
    p_attempt_id: crypto.randomUUID(),
    p_run_id: runId,
    p_lease_seconds: LEASE_SECONDS,
    p_now: NOW,
  };
}

async function attempts({ sql }: Suite): Promise<number> {
  const [count] = await sql`select count(*)::int as n from public.schedule_attempts`;
  return Number(count?.n);
}

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
  "open_delete() takes what could be live, again too, and refuses what is not",
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
  "open_delete() refuses a schedule of which no id is known",
  withSuite(async (suite) => {
    await addMatch(suite, 1001);
    const runId = await startRun(suite);
    const opened = await openCreate(suite, runId, 1001);
    await close(suite, opened.attempt_id, "unknown");
    await rejects(openDelete(suite, { ...opened, runId }), refusal("not_live"));
  }),
);

Deno.test(
  "open_send_id() journals the match that a send id is for",
  withSuite(async (suite) => {
    const target = await scheduledMatch(suite);
    const { attempt_id, request } = await suite.call<{ attempt_id: string; request: unknown }>(
      "open_send_id",
      { ...opening(target), p_match_id: 1001, p_request: { send_id: "send-1" } },
    );
    deepStrictEqual(request, { send_id: "send-1" });
    const attempt = await attemptRow(suite, attempt_id);
    deepStrictEqual(
      [attempt.kind, attempt.match_id, attempt.ledger_id, attempt.outcome],
      ["send_id", "1001", null, null],
    );
  }),
);

Deno.test(
  "open_update(), open_delete() and open_send_id() called again write nothing",
  withSuite(async (suite) => {
    const target = await scheduledMatch(suite);
    const calls = [
      (args: Arguments) => openUpdate(suite, target, args),
      (args: Arguments) => openDelete(suite, target, args),
      (args: Arguments) =>
        suite.call<{ attempt_id: string }>("open_send_id", {
          ...opening(target),
          p_match_id: 1001,
          p_request: {},
          ...args,
        }),
    ];
    for (const [index, open] of calls.entries()) {
      const { attempt_id } = await open({});
      const again = await open({ p_attempt_id: attempt_id, p_now: minutes(60) });
      strictEqual(again.attempt_id, attempt_id);
      strictEqual(await attempts(suite), index + 2);
    }
  }),
);

Deno.test(
  "open_update(), open_delete() and open_send_id() refuse a run that lost its lease",
  withSuite(async (suite) => {
    const target = await scheduledMatch(suite);
    await endRun(suite, target.runId);
    await rejects(openUpdate(suite, target), refusal("lease_lost"));
    await rejects(openDelete(suite, target), refusal("lease_lost"));
    await rejects(
      suite.call("open_send_id", { ...opening(target), p_match_id: 1001, p_request: {} }),
      refusal("lease_lost"),
    );
    strictEqual((await scheduleRow(suite, target)).state, "live");
    strictEqual(await attempts(suite), 1);
  }),
);
