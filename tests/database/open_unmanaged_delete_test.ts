import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import {
  addMatch,
  attemptRow,
  close,
  createSchedule,
  endRun,
  LEASE_SECONDS,
  minutes,
  NOW,
  only,
  openCreate,
  refusal,
  scheduledMatch,
  scheduleRow,
  seconds,
  startRun,
  type Suite,
  withSuite,
} from "./fixtures.ts";

interface UnmanagedSchedule {
  readonly runId: string;
  readonly scheduleId: string;
  readonly args?: Readonly<Record<string, unknown>>;
}

async function openUnmanagedDelete(
  { call }: Suite,
  { runId, scheduleId, args }: UnmanagedSchedule,
): Promise<string> {
  const { attempt_id } = await call<{ attempt_id: string }>("open_unmanaged_delete", {
    p_attempt_id: crypto.randomUUID(),
    p_run_id: runId,
    p_lease_seconds: LEASE_SECONDS,
    p_braze_schedule_id: scheduleId,
    p_request: { schedule_id: scheduleId },
    p_reason: "operator",
    p_now: NOW,
    ...args,
  });
  return attempt_id;
}

Deno.test(
  "open_unmanaged_delete() journals the delete of a schedule that the ledger does not know, and closing it changes no ledger row",
  withSuite(async (suite) => {
    const target = await scheduledMatch(suite);
    const attemptId = await openUnmanagedDelete(suite, {
      runId: target.runId,
      scheduleId: "unmanaged-1",
      args: { p_match_id: 1001 },
    });
    const attempt = await attemptRow(suite, attemptId);
    deepStrictEqual(
      [
        attempt.kind,
        attempt.reason,
        attempt.match_id,
        attempt.ledger_id,
        attempt.braze_schedule_id,
      ],
      ["delete", "operator", "1001", null, "unmanaged-1"],
    );
    strictEqual((await close(suite, attemptId, "succeeded")).outcome, "succeeded");
    strictEqual((await scheduleRow(suite, target)).state, "live");
  }),
);

Deno.test(
  "open_unmanaged_delete() again with the same id finds it, even when the lease is gone",
  withSuite(async (suite) => {
    const { runId } = await scheduledMatch(suite);
    const p_attempt_id = crypto.randomUUID();
    const unmanaged = { runId, scheduleId: "unmanaged-1", args: { p_attempt_id } };
    await openUnmanagedDelete(suite, unmanaged);
    await endRun(suite, runId);
    strictEqual(await openUnmanagedDelete(suite, unmanaged), p_attempt_id);
    const { count } = only(
      await suite
        .sql`select count(*)::int as count from public.schedule_attempts where kind = 'delete'`,
    );
    strictEqual(count, 1);
  }),
);

for (const status of ["pending", "sent"]) {
  Deno.test(
    `open_unmanaged_delete() refuses the current schedule of a match that is ${status}`,
    withSuite(async (suite) => {
      const target = await scheduledMatch(suite);
      if (status === "sent") {
        await suite.sql`
          update public.schedule_ledger
          set status = 'sent', sent_evidence = 'operator', sent_confirmed_at = ${NOW}`;
      }
      await rejects(
        openUnmanagedDelete(suite, { runId: target.runId, scheduleId: "schedule-1001-1" }),
        refusal("current_generation"),
      );
      strictEqual((await scheduleRow(suite, target)).state, "live");
    }),
  );
}

Deno.test(
  "open_unmanaged_delete() refuses a schedule that carries the current generation, whose id is not yet known",
  withSuite(async (suite) => {
    await addMatch(suite, 1001);
    const runId = await startRun(suite);
    const { ledger_id } = await openCreate(suite, runId, 1001);
    await rejects(
      openUnmanagedDelete(suite, {
        runId,
        scheduleId: "id-not-known-yet",
        args: { p_ledger_id: ledger_id, p_generation: 1 },
      }),
      refusal("current_generation"),
    );
    // It replaces the current one once its answer is there.
    await suite.sql`
      insert into public.braze_schedules (ledger_id, generation, campaign_id, send_at_utc, state, created_at, updated_at)
      values (${ledger_id}, 2, 'campaign-1', ${minutes(540)}, 'unknown', ${NOW}, ${NOW})`;
    await rejects(
      openUnmanagedDelete(suite, {
        runId,
        scheduleId: "id-not-known-yet",
        args: { p_ledger_id: ledger_id, p_generation: 2 },
      }),
      refusal("current_generation"),
    );
    // Another generation of it is unmanaged.
    await openUnmanagedDelete(suite, {
      runId,
      scheduleId: "id-not-known-yet",
      args: { p_ledger_id: ledger_id, p_generation: 7 },
    });
  }),
);

Deno.test(
  "open_unmanaged_delete() of an old generation, or of a cancelled match, marks its schedule as being deleted",
  withSuite(async (suite) => {
    const target = await scheduledMatch(suite);
    await suite.sql`update public.braze_schedules set state = 'deleted'`;
    await createSchedule(suite, target.runId, 1001);
    const attemptId = await openUnmanagedDelete(suite, {
      runId: target.runId,
      scheduleId: "schedule-1001-1",
    });
    strictEqual((await scheduleRow(suite, target)).state, "deleting");
    const attempt = await attemptRow(suite, attemptId);
    deepStrictEqual([attempt.ledger_id, attempt.generation], [target.ledger_id, 1]);
    await close(suite, attemptId, "succeeded");
    strictEqual((await scheduleRow(suite, target)).state, "deleted");
    strictEqual((await scheduleRow(suite, { ...target, generation: 2 })).state, "live");

    await suite.sql`
      update public.schedule_ledger set status = 'cancelled', cancel_reason = 'operator'`;
    await openUnmanagedDelete(suite, { runId: target.runId, scheduleId: "schedule-1001-2" });
    strictEqual((await scheduleRow(suite, { ...target, generation: 2 })).state, "deleting");
  }),
);

Deno.test(
  "open_unmanaged_delete() refuses a sent schedule, and a run without its lease",
  withSuite(async (suite) => {
    const target = await scheduledMatch(suite);
    await suite.sql`update public.braze_schedules set state = 'completed'`;
    await suite.sql`
      update public.schedule_ledger set status = 'cancelled', cancel_reason = 'plan'`;
    const unmanaged = { runId: target.runId, scheduleId: "schedule-1001-1" };
    await rejects(openUnmanagedDelete(suite, unmanaged), refusal("not_live"));
    await rejects(
      openUnmanagedDelete(suite, { ...unmanaged, args: { p_now: minutes(60) } }),
      refusal("lease_lost"),
    );
    await rejects(
      openUnmanagedDelete(suite, { ...unmanaged, args: { p_reason: "plan" } }),
      { code: "PT400" },
    );
  }),
);

Deno.test(
  "open_unmanaged_delete() waits for a transaction that closes a create, and then refuses the schedule that it made current",
  withSuite(async (suite) => {
    await addMatch(suite, 1001);
    const runId = await startRun(suite);
    const { attempt_id, ledger_id } = await openCreate(suite, runId, 1001);
    const writer = suite.sql.begin(async (tx) => {
      await tx`select 1 from public.schedule_ledger where id = ${ledger_id} for no key update`;
      await new Promise((resolve) => setTimeout(resolve, 200));
      await tx`
        select public.close_attempt(
          ${attempt_id}, 'succeeded', '{"answer": {"schedule_id": "made"}}', ${seconds(1)}
        )`;
    });
    await new Promise((resolve) => setTimeout(resolve, 50));
    await rejects(
      openUnmanagedDelete(suite, { runId, scheduleId: "made", args: { p_match_id: 1001 } }),
      refusal("current_generation"),
    );
    await writer;
  }),
);

Deno.test(
  "open_unmanaged_delete() refuses what is not superseded in the last list, unless a person decided",
  withSuite(async (suite) => {
    const { runId } = await scheduledMatch(suite);
    for (const p_reason of ["duplicate", "orphan"]) {
      await rejects(
        openUnmanagedDelete(suite, {
          runId,
          scheduleId: "unmanaged-1",
          args: { p_reason, p_match_id: 1001 },
        }),
        refusal("not_superseded"),
      );
    }
    await openUnmanagedDelete(suite, { runId, scheduleId: "unmanaged-1" });
  }),
);
