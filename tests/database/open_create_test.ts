import { deepStrictEqual, notStrictEqual, rejects, strictEqual } from "node:assert/strict";
import {
  addMatch,
  attemptRow,
  CAMPAIGN,
  claim,
  close,
  createSchedule,
  endRun,
  LEASE_SECONDS,
  ledgerRow,
  minutes,
  NOW,
  openCreate,
  refusal,
  scheduledMatch,
  scheduleRow,
  seconds,
  startRun,
  type Suite,
  UNKNOWN_ID,
  withSuite,
} from "./fixtures.ts";

const MATCH = 1001;

/** Cancelled by the plan, and gone from Braze too. */
async function cancelAndDelete(suite: Suite, cancelReason = "plan"): Promise<void> {
  await suite.sql`
    update public.schedule_ledger set status = 'cancelled', cancel_reason = ${cancelReason}`;
  await suite.sql`update public.braze_schedules set state = 'deleted'`;
}

Deno.test(
  "open_create() writes ledger row, generation and attempt before Braze is called",
  withSuite(async (suite) => {
    await addMatch(suite, MATCH);
    const runId = await startRun(suite);
    const opened = await openCreate(suite, runId, MATCH);

    const ledger = await ledgerRow(suite, MATCH);
    deepStrictEqual(
      [ledger.status, ledger.generation, ledger.campaign_id, ledger.signature, ledger.send_at_utc],
      ["pending", 1, CAMPAIGN, "signature", minutes(540)],
    );
    deepStrictEqual(
      [
        ledger.expected_send_count,
        ledger.expected_send_count_min,
        ledger.expected_send_count_max,
        ledger.expected_source,
      ],
      [100, 60, 100, "teams"],
    );
    strictEqual((await scheduleRow(suite, opened)).state, "creating");
    const attempt = await attemptRow(suite, opened.attempt_id);
    deepStrictEqual(
      [attempt.kind, attempt.reason, attempt.run_id, attempt.outcome, attempt.opened_at],
      ["create", "plan", runId, null, NOW],
    );
  }),
);

Deno.test(
  "open_create() puts match, ledger row, generation and attempt into the request, so that events echo them",
  withSuite(async (suite) => {
    await addMatch(suite, MATCH);
    const opened = await openCreate(suite, await startRun(suite), MATCH, { p_send_id: "send-1" });
    deepStrictEqual(opened.request, {
      campaign_id: CAMPAIGN,
      send_id: "send-1",
      trigger_properties: {
        home: "Home",
        match_id: "1001",
        ledger_id: opened.ledger_id,
        generation: 1,
        attempt_id: opened.attempt_id,
      },
    });
    deepStrictEqual((await attemptRow(suite, opened.attempt_id)).request, opened.request);
  }),
);

Deno.test(
  "open_create() keeps the first send id of a match over its generations",
  withSuite(async (suite) => {
    await addMatch(suite, MATCH);
    const runId = await startRun(suite);
    await createSchedule(suite, runId, MATCH, { p_send_id: "match-1001" });
    await cancelAndDelete(suite);
    const next = await openCreate(suite, runId, MATCH, { p_send_id: "send-2" });
    strictEqual(next.request.send_id, "match-1001");
  }),
);

Deno.test(
  "open_create() raises the generation and clears the fields of the previous one",
  withSuite(async (suite) => {
    const first = await scheduledMatch(suite, MATCH);
    await suite.sql`
      update public.schedule_ledger
      set dispatch_id = 'd', notes = 'n', preflight_at = now(), preflight_result = 'ok'`;
    await cancelAndDelete(suite);
    const second = await openCreate(suite, first.runId, MATCH, {
      p_signature: "other",
      p_send_at: minutes(700),
      p_now: seconds(5),
    });
    strictEqual(second.ledger_id, first.ledger_id);
    strictEqual(second.generation, 2);
    strictEqual(second.request.trigger_properties.generation, 2);
    const ledger = await ledgerRow(suite, MATCH);
    deepStrictEqual(
      {
        status: ledger.status,
        cancelReason: ledger.cancel_reason,
        scheduleId: ledger.braze_schedule_id,
        dispatchId: ledger.dispatch_id,
        notes: ledger.notes,
        preflight: ledger.preflight_at ?? ledger.preflight_result,
        signature: ledger.signature,
        sendAt: ledger.send_at_utc,
        createdAt: ledger.created_at,
        updatedAt: ledger.updated_at,
      },
      {
        status: "pending",
        cancelReason: null,
        scheduleId: null,
        dispatchId: null,
        notes: null,
        preflight: null,
        signature: "other",
        sendAt: minutes(700),
        createdAt: NOW,
        updatedAt: seconds(5),
      },
    );
    strictEqual((await scheduleRow(suite, first)).state, "deleted");
  }),
);

Deno.test(
  "open_create() called again with its attempt id gives the same answer and writes nothing",
  withSuite(async (suite) => {
    await addMatch(suite, MATCH);
    const runId = await startRun(suite);
    const opened = await openCreate(suite, runId, MATCH, { p_send_id: "send-1" });
    const again = await openCreate(suite, runId, MATCH, {
      p_attempt_id: opened.attempt_id,
      p_send_id: "send-1",
      // Even when the lease is gone: the answer was lost, not the attempt.
      p_now: minutes(60),
    });
    deepStrictEqual(again, opened);
    const [count] = await suite.sql`select count(*)::int as n from public.schedule_attempts`;
    strictEqual(count?.n, 1);
  }),
);

for (const state of ["creating", "live", "unknown", "deleting"]) {
  Deno.test(
    `open_create() refuses while an earlier generation is ${state}`,
    withSuite(async (suite) => {
      const first = await scheduledMatch(suite, MATCH);
      await cancelAndDelete(suite);
      await suite.sql`update public.braze_schedules set state = ${state}`;
      await rejects(
        openCreate(suite, first.runId, MATCH),
        refusal("earlier_generation_unresolved"),
      );
      strictEqual((await ledgerRow(suite, MATCH)).generation, 1, "nothing is left behind");
    }),
  );
}

for (const state of ["failed", "deleted", "completed"]) {
  Deno.test(
    `open_create() continues when the earlier generation is ${state}`,
    withSuite(async (suite) => {
      const first = await scheduledMatch(suite, MATCH);
      await suite.sql`update public.braze_schedules set state = ${state}`;
      strictEqual((await openCreate(suite, first.runId, MATCH)).generation, 2);
    }),
  );
}

Deno.test(
  "open_create() counts an update of unknown outcome at the later of its two times",
  withSuite(async (suite) => {
    const first = await scheduledMatch(suite, MATCH);
    await suite.sql`
      update public.braze_schedules
      set send_at_utc = ${minutes(-25 * 60)}, moving_to_utc = ${minutes(-23 * 60)}`;
    await rejects(openCreate(suite, first.runId, MATCH), refusal("earlier_generation_unresolved"));
    await suite.sql`update public.braze_schedules set moving_to_utc = ${minutes(-24 * 60)}`;
    strictEqual((await openCreate(suite, first.runId, MATCH)).generation, 2);
  }),
);

Deno.test(
  "open_create() releases an unknown create whose time is a day past, so that a moved match can be scheduled",
  withSuite(async (suite) => {
    await addMatch(suite, MATCH);
    const runId = await startRun(suite);
    const first = await openCreate(suite, runId, MATCH, { p_send_at: minutes(30) });
    await close(suite, first.attempt_id, "unknown");
    await endRun(suite, runId);

    const later = minutes(30 + 24 * 60);
    const second = await openCreate(suite, await startRun(suite, later), MATCH, { p_now: later });
    strictEqual(second.generation, 2);
    const attempt = await attemptRow(suite, first.attempt_id);
    deepStrictEqual(
      [attempt.outcome, attempt.resolved_as, attempt.resolved_at],
      ["unknown", "released", later],
    );
  }),
);

for (const cancelReason of ["dashboard", "operator"]) {
  Deno.test(
    `open_create() does not reactivate a row that was cancelled by ${cancelReason}`,
    withSuite(async (suite) => {
      const first = await scheduledMatch(suite, MATCH);
      await cancelAndDelete(suite, cancelReason);
      await rejects(openCreate(suite, first.runId, MATCH), refusal("not_reactivated"));
    }),
  );
}

Deno.test(
  "open_create() does not push a sent match again",
  withSuite(async (suite) => {
    const first = await scheduledMatch(suite, MATCH);
    await suite.sql`
      update public.schedule_ledger
      set status = 'sent', sent_evidence = 'push', sent_confirmed_at = ${NOW}`;
    await suite.sql`update public.braze_schedules set state = 'completed'`;
    await rejects(openCreate(suite, first.runId, MATCH), refusal("not_reactivated"));
  }),
);

Deno.test(
  "schedule_attempts holds one unresolved create per ledger row for every writer",
  withSuite(async (suite) => {
    await addMatch(suite, MATCH);
    const runId = await startRun(suite);
    const opened = await openCreate(suite, runId, MATCH);
    const second = () =>
      suite.sql`
        insert into public.schedule_attempts
          (id, run_id, kind, reason, match_id, ledger_id, generation, request, opened_at)
        values (${crypto.randomUUID()}, ${runId}, 'create', 'operator', ${MATCH},
          ${opened.ledger_id}, 2, '{}', ${NOW})`;
    const doubled = { code: "23505", constraint_name: "one_unresolved_create_a_ledger_row_idx" };
    await rejects(second, doubled);
    await close(suite, opened.attempt_id, "unknown");
    await rejects(second, doubled);
    await suite.sql`
      update public.schedule_attempts set resolved_at = ${NOW}, resolved_as = 'released'`;
    strictEqual((await second()).count, 1);
  }),
);

Deno.test(
  "open_create() refuses a run without its lease: unknown, ended, dry, or run out",
  withSuite(async (suite) => {
    await addMatch(suite, MATCH);
    const refused = (runId: string, now: Date) =>
      rejects(openCreate(suite, runId, MATCH, { p_now: now }), refusal("lease_lost"));

    await refused(UNKNOWN_ID, NOW);
    await refused((await claim(suite, { p_dry_run: true })).run_id, NOW);
    const ended = await startRun(suite);
    await endRun(suite, ended);
    await refused(ended, NOW);
    const slow = await startRun(suite);
    await refused(slow, seconds(LEASE_SECONDS));
    const [count] = await suite.sql`select count(*)::int as n from public.schedule_ledger`;
    strictEqual(count?.n, 0);
  }),
);

Deno.test(
  "open_create() extends the lease, and never shortens it",
  withSuite(async (suite) => {
    await addMatch(suite, MATCH);
    const runId = await startRun(suite);
    const lease = async () => {
      const [run] = await suite
        .sql`select lease_until from public.job_runs where run_id = ${runId}`;
      return run?.lease_until as Date;
    };
    const opened = await openCreate(suite, runId, MATCH, { p_now: seconds(60) });
    deepStrictEqual(await lease(), seconds(60 + LEASE_SECONDS));
    await close(suite, opened.attempt_id, "failed");
    const next = await openCreate(suite, runId, MATCH, {
      p_now: seconds(61),
      p_lease_seconds: 5,
    });
    notStrictEqual(next.attempt_id, opened.attempt_id);
    deepStrictEqual(await lease(), seconds(60 + LEASE_SECONDS));
  }),
);
