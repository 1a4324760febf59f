/** What a reconciliation may settle in the database, and under which conditions it may not. */
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { event, ingest } from "./events.ts";
import {
  addMatch,
  attemptRow,
  CAMPAIGN,
  close,
  createSchedule,
  endRun,
  LEASE_SECONDS,
  ledgerRow,
  minutes,
  NOW,
  only,
  openCreate,
  type OpenedCreate,
  scheduledMatch,
  scheduleRow,
  startRun,
  type Suite,
  withSuite,
} from "./fixtures.ts";

const MATCH = 1001;
const RUN_ID = "00000000-0000-0000-0000-00000000000a";
/** Sends are due at minutes(540). */
const AFTER_SEND = minutes(600);

async function unheardCreate(suite: Suite): Promise<OpenedCreate & { readonly runId: string }> {
  await addMatch(suite, MATCH);
  const runId = await startRun(suite);
  const opened = await openCreate(suite, runId, MATCH, { p_send_id: "send-1" });
  await close(suite, opened.attempt_id, "unknown");
  return { ...opened, runId };
}

function adopt({ call }: Suite, { ledger_id, generation }: OpenedCreate, args = {}) {
  return call<{ adopted: boolean; registered: Record<string, unknown>[] }>("adopt_schedule", {
    p_ledger_id: ledger_id,
    p_generation: generation,
    p_braze_schedule_id: "found",
    p_now: minutes(5),
    ...args,
  });
}

Deno.test(
  "adopt_schedule() makes an unheard-of schedule live, learns its ids and settles its create",
  withSuite(async (suite) => {
    const opened = await unheardCreate(suite);
    const { adopted, registered } = await adopt(suite, opened, {
      p_send_at: minutes(545),
      p_dispatch_id: "d1",
    });
    strictEqual(adopted, true);
    // The send id is known since the create was opened.
    deepStrictEqual(
      registered.map(({ kind, value }) => `${kind} ${value}`).sort(),
      ["dispatch_id d1", "schedule_id found"],
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
    strictEqual((await adopt(suite, opened)).adopted, false, "once");
  }),
);

Deno.test(
  "adopt_schedule() leaves alone what is under way, known by another id, or known elsewhere",
  withSuite(async (suite) => {
    await addMatch(suite, MATCH);
    const runId = await startRun(suite);
    const opened = await openCreate(suite, runId, MATCH);
    strictEqual((await adopt(suite, opened)).adopted, false, "under way");
    await close(suite, opened.attempt_id, "unknown");
    await addMatch(suite, 1002);
    const other = await createSchedule(suite, runId, 1002);
    strictEqual(
      (await adopt(suite, opened, { p_braze_schedule_id: "schedule-1002-1" })).adopted,
      false,
      "another match's",
    );
    strictEqual((await adopt(suite, other)).adopted, false, "known by another id");
    strictEqual((await scheduleRow(suite, other)).braze_schedule_id, "schedule-1002-1");
  }),
);

Deno.test(
  "adopt_schedule() of an old generation leaves the ledger's current one as it is",
  withSuite(async (suite) => {
    await addMatch(suite, MATCH);
    const runId = await startRun(suite);
    const old = await openCreate(suite, runId, MATCH);
    await close(suite, old.attempt_id, "failed");
    await createSchedule(suite, runId, MATCH);
    strictEqual((await adopt(suite, old)).adopted, true);
    strictEqual((await scheduleRow(suite, old)).state, "live");
    strictEqual((await ledgerRow(suite, MATCH)).braze_schedule_id, "schedule-1001-2");
    // Braze had refused it: that was known, only wrong.
    const attempt = await attemptRow(suite, old.attempt_id);
    deepStrictEqual([attempt.outcome, attempt.resolved_as], ["failed", null]);
  }),
);

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

async function unheardChange(suite: Suite, kind: "update" | "delete") {
  const target = await scheduledMatch(suite);
  const { attempt_id } = await suite.call<{ attempt_id: string }>(`open_${kind}`, {
    p_attempt_id: crypto.randomUUID(),
    p_run_id: target.runId,
    p_lease_seconds: LEASE_SECONDS,
    p_ledger_id: target.ledger_id,
    p_generation: 1,
    p_request: { schedule: { time: minutes(600) } },
    p_reason: "plan",
    p_now: NOW,
    ...(kind === "update" ? { p_send_at: minutes(600) } : {}),
  });
  await close(suite, attempt_id, "unknown");
  return { ...target, attemptId: attempt_id };
}

for (const [effect, sendAt] of [["moved", minutes(600)], ["not_moved", minutes(540)]] as const) {
  Deno.test(
    `resolve_unknown_attempts() of a move that is found ${effect} keeps one time, in both places`,
    withSuite(async (suite) => {
      const change = await unheardChange(suite, "update");
      const settlement = { attempt_id: change.attemptId, resolved_as: "listed", effect };
      deepStrictEqual(
        (await resolveUnknownAttempts(suite, [], [settlement])).attempt_ids,
        [change.attemptId],
      );
      const schedule = await scheduleRow(suite, change);
      deepStrictEqual([schedule.send_at_utc, schedule.moving_to_utc], [sendAt, null]);
      deepStrictEqual((await ledgerRow(suite, MATCH)).send_at_utc, sendAt);
      strictEqual((await attemptRow(suite, change.attemptId)).resolved_as, "listed");
      deepStrictEqual(
        (await resolveUnknownAttempts(suite, [], [settlement])).attempt_ids,
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
      const change = await unheardChange(suite, "delete");
      const told = { ledger_id: change.ledger_id, generation: 1, effect };
      strictEqual((await resolveUnknownAttempts(suite, [told], [])).schedules, 1);
      strictEqual((await scheduleRow(suite, change)).state, effect);
      strictEqual((await resolveUnknownAttempts(suite, [told], [])).schedules, 0, "once");
    }),
  );
}

Deno.test(
  "resolve_unknown_attempts() notes the first list that lacked a schedule, and counts that as nothing settled",
  withSuite(async (suite) => {
    const change = await unheardChange(suite, "delete");
    const told = { ledger_id: change.ledger_id, generation: 1, effect: "missed" };
    strictEqual((await resolveUnknownAttempts(suite, [told], [])).schedules, 0);
    await resolveUnknownAttempts(suite, [told], [], minutes(60));
    const schedule = await scheduleRow(suite, change);
    deepStrictEqual([schedule.state, schedule.missed_at], ["deleting", minutes(30)]);
  }),
);

Deno.test(
  "resolve_unknown_attempts() leaves to a call that is under way what becomes of its schedule",
  withSuite(async (suite) => {
    const change = await unheardChange(suite, "delete");
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
    const settled = await resolveUnknownAttempts(
      suite,
      [{ ledger_id: change.ledger_id, generation: 1, effect: "live" }],
      [{ attempt_id: change.attemptId, resolved_as: "listed", effect: null }],
    );
    deepStrictEqual(settled, { schedules: 0, attempt_ids: [] });
    strictEqual((await scheduleRow(suite, change)).state, "deleting");
  }),
);

Deno.test(
  "confirm_by_statistics() turns a past pending row to sent, ends its schedule and settles its create",
  withSuite(async (suite) => {
    const opened = await unheardCreate(suite);
    const settle = (count: number, now: Date) =>
      suite.call<boolean>("confirm_by_statistics", {
        p_ledger_id: opened.ledger_id,
        p_generation: 1,
        p_count: count,
        p_now: now,
      });
    strictEqual(await settle(7, NOW), false, "not due");
    strictEqual(await settle(0, AFTER_SEND), false, "none sent");
    strictEqual(await settle(7, AFTER_SEND), true);
    strictEqual(await settle(7, AFTER_SEND), false, "sent already");
    const ledger = await ledgerRow(suite, MATCH);
    deepStrictEqual(
      [ledger.status, ledger.sent_evidence, ledger.braze_reported_count, ledger.sent_confirmed_at],
      ["sent", "statistics", 7, AFTER_SEND],
    );
    strictEqual((await scheduleRow(suite, opened)).state, "completed");
    strictEqual(
      (await attemptRow(suite, opened.attempt_id)).resolved_as,
      "proved_by_statistics",
    );
  }),
);

Deno.test(
  "confirm_by_events() takes high and medium events of the current generation for proof, and nothing less",
  withSuite(async (suite) => {
    const target = await scheduledMatch(suite);
    const attributed = {
      match_id: MATCH,
      ledger_id: target.ledger_id,
      generation: 1,
      correlation_method: "match_id",
      sent_at: minutes(541),
    };
    const confirm = () =>
      suite.call<number[]>("confirm_by_events", {
        p_ledger_ids: [target.ledger_id],
        p_now: AFTER_SEND,
      });
    await ingest(suite, {
      events: [
        event("low", { ...attributed, correlation_method: "time_window", confidence: "low" }),
        event("bounce", { ...attributed, event_type: "bounce", confidence: "high" }),
        event("old", { ...attributed, generation: 7, confidence: "high" }),
      ],
    });
    deepStrictEqual(await confirm(), []);
    strictEqual((await ledgerRow(suite, MATCH)).status, "pending");
    await ingest(suite, { events: [event("good", { ...attributed, confidence: "medium" })] });
    deepStrictEqual(await confirm(), [MATCH]);
    const ledger = await ledgerRow(suite, MATCH);
    deepStrictEqual([ledger.status, ledger.sent_evidence], ["sent", "push"]);
  }),
);

Deno.test(
  "load_reconciliation() tells what is pending, due lately or unsettled, with what the scheduler has seen",
  withSuite(async (suite) => {
    const change = await unheardChange(suite, "delete");
    await addMatch(suite, 1002);
    await createSchedule(suite, change.runId, 1002, { p_send_at: minutes(-10_000) });
    await suite.sql`
      update public.schedule_ledger
      set status = 'sent', sent_evidence = 'push', sent_confirmed_at = ${NOW} where match_id = 1002`;
    await addMatch(suite, 1003);
    await suite.sql`update public.matches set updated_at = ${minutes(5)} where id = 1003`;
    await suite.sql`update public.matches set updated_at = ${minutes(-5)} where id <> 1003`;
    await endRun(suite, change.runId);
    // deno-lint-ignore no-explicit-any -- as it is answered
    const load = (now: Date): Promise<any> =>
      suite.call("load_reconciliation", { p_past_from: minutes(-2_880), p_now: now });

    const known = await load(minutes(10));
    deepStrictEqual(known.matches.map((match: { match_id: number }) => match.match_id), [MATCH]);
    strictEqual(known.matches[0].schedules[0].state, "deleting");
    deepStrictEqual(
      known.attempts.map((one: Record<string, unknown>) => [one.kind, one.is_superseded]),
      [["delete", false]],
    );
    deepStrictEqual(new Date(known.scheduler_ran_at), NOW);
    deepStrictEqual(known.fresh_match_ids, [1003]);
    strictEqual((await load(minutes(2_000))).scheduler_ran_at, null, "too long ago to count");
  }),
);

Deno.test(
  "load_reconciliation() hides a send id that is not the match's alone",
  withSuite(async (suite) => {
    await addMatch(suite, MATCH);
    const runId = await startRun(suite);
    const { ledger_id } = await createSchedule(suite, runId, MATCH, { p_send_id: "send-1" });
    const sendId = async () => {
      // deno-lint-ignore no-explicit-any -- as it is answered
      const known: any = await suite.call("load_reconciliation", { p_past_from: NOW, p_now: NOW });
      return known.matches[0].send_id;
    };
    strictEqual(await sendId(), "send-1");
    await suite.sql`
      update public.schedule_identifiers set ambiguous = true
      where kind = 'send_id' and ledger_id = ${ledger_id}`;
    strictEqual(await sendId(), null);
  }),
);

async function threeOpen(suite: Suite) {
  const target = await scheduledMatch(suite);
  const tied = { correlation_method: "tie", candidate_match_ids: [MATCH], candidate_count: 1 };
  await ingest(suite, {
    events: [
      event("a", { ...tied, sent_at: minutes(541) }),
      event("b", { ...tied, sent_at: minutes(542) }),
      event("open", { ...tied, event_type: "open", sent_at: minutes(541) }),
      event("elsewhere", { ...tied, campaign_id: "another", sent_at: minutes(541) }),
    ],
  });
  const attributeByElimination = (events: number) =>
    suite.call<number>("attribute_by_elimination", {
      p_campaign_id: CAMPAIGN,
      p_first: minutes(541),
      p_last: minutes(542),
      p_events: events,
      p_ledger_id: target.ledger_id,
      p_send_at: minutes(540),
      p_candidate_count: 2,
      p_function: "braze-reconcile",
      p_run_id: RUN_ID,
      p_now: AFTER_SEND,
      p_generation: 1,
    });
  return { target, attributeByElimination };
}

Deno.test(
  "attribute_by_elimination() ties the open Sends of the campaign with medium confidence, which proves the send",
  withSuite(async (suite) => {
    const { attributeByElimination } = await threeOpen(suite);
    strictEqual(await attributeByElimination(2), 2);
    const rows = await suite.sql`
      select event_id, match_id::int, correlation_method, confidence, time_diff_ms::int
      from public.notification_sends order by event_id`;
    const tied = { match_id: MATCH, correlation_method: "elimination", confidence: "medium" };
    const open = {
      match_id: null,
      correlation_method: "tie",
      confidence: "none",
      time_diff_ms: null,
    };
    deepStrictEqual(rows.map((row) => ({ ...row })), [
      { event_id: "a", ...tied, time_diff_ms: 60_000 },
      { event_id: "b", ...tied, time_diff_ms: 120_000 },
      { event_id: "elsewhere", ...open },
      { event_id: "open", ...open },
    ]);
    strictEqual((await ledgerRow(suite, MATCH)).status, "sent");
    strictEqual(await attributeByElimination(2), 0, "nothing is left over");
    const log = only(
      await suite.sql`
      select details from public.scheduler_logs where action = 'attribution_changed'`,
    );
    strictEqual(log.details.events, 2);
  }),
);

Deno.test(
  "attribute_by_elimination() settles nothing when one more event has come since they were counted",
  withSuite(async (suite) => {
    const { attributeByElimination } = await threeOpen(suite);
    strictEqual(await attributeByElimination(1), 0);
    strictEqual(await attributeByElimination(3), 0);
    strictEqual((await ledgerRow(suite, MATCH)).status, "pending");
  }),
);

Deno.test(
  "load_unattributed_echoes() finds open events that name what is known, inside message_extras too",
  withSuite(async (suite) => {
    const { ledger_id } = await scheduledMatch(suite);
    const extras = (echo: unknown) => ({
      raw_payload: { properties: { message_extras: JSON.stringify(echo) } },
    });
    await ingest(suite, {
      events: [
        event("by ledger", extras({ ledger_id })),
        event("by match", extras({ match_id: "1001" })),
        event("flat", { raw_payload: { trigger_properties: { match_id: 1001 } } }),
        event("unknown match", extras({ match_id: "7" })),
        event("odd", extras({ match_id: "Arsenal", ledger_id: "not-one" })),
        event("silent", {}),
        event("settled", {
          ...extras({ match_id: "1001" }),
          match_id: MATCH,
          ledger_id,
          correlation_method: "match_id",
          confidence: "high",
        }),
      ],
    });
    const echoes = await suite.call<{ event_id: string }[]>("load_unattributed_echoes", {
      p_from: minutes(-60),
      p_until: minutes(60),
      p_limit: 10,
    });
    deepStrictEqual(echoes.map(({ event_id }) => event_id).sort(), [
      "by ledger",
      "by match",
      "flat",
    ]);
  }),
);

Deno.test(
  "load_unattributed_groups() pages by time and never cuts a second in two",
  withSuite(async (suite) => {
    await scheduledMatch(suite);
    await ingest(suite, {
      events: [1, 2].flatMap((minute) =>
        ["x", "y", "z"].map((dispatch_id) =>
          event(`${minute}${dispatch_id}`, { dispatch_id, sent_at: minutes(minute) })
        )
      ),
    });
    const page = async (after: Date) =>
      (await suite.call<{ sent_at: string }[]>("load_unattributed_groups", {
        p_after: after,
        p_until: minutes(60),
        p_limit: 2,
      })).map(({ sent_at }) => new Date(sent_at).getTime());
    deepStrictEqual(await page(NOW), Array(3).fill(minutes(1).getTime()));
    deepStrictEqual(await page(minutes(1)), Array(3).fill(minutes(2).getTime()));
    deepStrictEqual(await page(minutes(2)), []);
  }),
);

Deno.test(
  "reattribute_single_events() changes the events it names alone, unless somebody settled them meanwhile",
  withSuite(async (suite) => {
    const { ledger_id } = await scheduledMatch(suite);
    await ingest(suite, { events: [event("a"), event("b"), event("c")] });
    await suite.sql`
      update public.notification_sends
      set correlation_method = 'time_window', confidence = 'low', match_id = ${MATCH}, ledger_id = ${ledger_id}
      where event_id = 'b'`;
    const verdict = (event_id: string) => ({
      sent_at: NOW,
      event_id,
      from_method: "no_candidate",
      from_ledger_id: null,
      match_id: MATCH,
      ledger_id,
      generation: 1,
      correlation_method: "ledger_id",
      confidence: "high",
      time_diff_ms: 0,
      candidate_count: 1,
      candidate_match_ids: null,
    });
    const settled = await suite.call<{ settled: number; registered: unknown[] }>(
      "reattribute_single_events",
      {
        p_reattributions: [verdict("a"), verdict("b")],
        p_identifiers: [{ kind: "dispatch_id", value: "d1", ledger_id, generation: 1 }],
        p_proofs: [{ ledger_id, generation: 1, proof: "push", dispatch_id: "d1", send_id: null }],
        p_function: "braze-reconcile",
        p_run_id: RUN_ID,
        p_now: AFTER_SEND,
      },
    );
    deepStrictEqual([settled.settled, settled.registered.length], [1, 1]);
    const rows = await suite.sql`
      select event_id, correlation_method from public.notification_sends order by event_id`;
    deepStrictEqual(rows.map((row) => [row.event_id, row.correlation_method]), [
      ["a", "ledger_id"],
      ["b", "time_window"],
      ["c", "no_candidate"],
    ]);
    strictEqual((await ledgerRow(suite, MATCH)).status, "sent");
  }),
);

Deno.test(
  "mark_sent() and undo_mark_sent() put a cancelled row back with its reason",
  withSuite(async (suite) => {
    await scheduledMatch(suite);
    await suite.sql`
      update public.schedule_ledger set status = 'cancelled', cancel_reason = 'plan', notes = 'n'`;
    const act = (name: "mark_sent" | "undo_mark_sent", p_dry_run = false) =>
      suite.call<{ done: boolean; refused: string | null }>(name, {
        p_match_id: MATCH,
        p_reason: "Fans told us",
        p_actor_kind: "operator",
        p_actor_id: "user-1",
        p_run_id: RUN_ID,
        p_dry_run,
        p_now: AFTER_SEND,
      });
    strictEqual((await act("undo_mark_sent")).refused, "it is not marked as sent");
    strictEqual((await act("mark_sent", true)).done, true);
    strictEqual((await ledgerRow(suite, MATCH)).status, "cancelled", "a dry run");
    strictEqual((await act("mark_sent")).done, true);
    const marked = await ledgerRow(suite, MATCH);
    deepStrictEqual(
      [marked.status, marked.cancel_reason, marked.sent_evidence, marked.notes],
      ["sent", null, "operator", "Marked as sent by operator user-1: Fans told us"],
    );
    strictEqual((await act("undo_mark_sent")).done, true);
    const undone = await ledgerRow(suite, MATCH);
    deepStrictEqual(
      [undone.status, undone.cancel_reason, undone.sent_evidence, undone.notes],
      ["cancelled", "plan", null, "n"],
    );
    // And once more: each undo takes back one mark.
    strictEqual((await act("mark_sent")).done, true);
    strictEqual((await act("undo_mark_sent")).done, true);
    const { actions } = only(
      await suite.sql`select count(*)::int as actions from public.operator_actions`,
    );
    strictEqual(actions, 4);
  }),
);
