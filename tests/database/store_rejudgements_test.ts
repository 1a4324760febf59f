import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { event, ingest, proving, type StoredEvent } from "./events.ts";
import {
  addMatch,
  attemptRow,
  close,
  createSchedule,
  ledgerRow,
  minutes,
  NOW,
  only,
  openCreate,
  scheduledMatch,
  scheduleRow,
  seconds,
  type Suite,
  withSuite,
} from "./fixtures.ts";
import { LATER, OPEN, queue, queued, store, verdict } from "./rejudging.ts";

const PAGE = { ids: [] };

async function attributions({ sql }: Suite): Promise<unknown[]> {
  const rows = await sql`
    select event_id, match_id::int, correlation_method, confidence
    from public.notification_sends order by event_id`;
  return rows.map((row) => [row.event_id, row.match_id, row.correlation_method, row.confidence]);
}

type Target = { readonly ledger_id: string; readonly generation: number };

const proved = ({ ledger_id, generation }: Target) => ({
  match_id: 1001,
  ledger_id,
  generation,
  correlation_method: "dispatch_id",
  confidence: "high",
  timing: "in_window",
  proof: "push",
});

/** The event turns out to belong to nothing that we know. */
function lose(suite: Suite, ...events: readonly StoredEvent[]): Promise<number> {
  return store(suite, PAGE, { verdicts: events.map((each) => verdict(each, OPEN)) });
}

Deno.test(
  "store_rejudgements() stores the new verdicts, logs each kind of change once and records the proof",
  withSuite(async (suite) => {
    const target = await scheduledMatch(suite);
    const [a, b, c] = ["a", "b", "c"].map((id) => event(id, { dispatch_id: "d1" }));
    await ingest(suite, { events: [a!, b!, c!] });
    const to = { ...proved(target), time_diff_ms: 23_000, candidate_count: 2 };
    strictEqual(await store(suite, PAGE, { verdicts: [verdict(a!, to), verdict(b!, to)] }), 2);
    deepStrictEqual(await attributions(suite), [
      ["a", 1001, "dispatch_id", "high"],
      ["b", 1001, "dispatch_id", "high"],
      ["c", null, "no_candidate", "none"],
    ]);
    const row = only(await suite.sql`select * from public.notification_sends where event_id = 'a'`);
    deepStrictEqual(
      [row.generation, row.timing, row.proof, row.time_diff_ms, row.candidate_count],
      [1, "in_window", "push", "23000", 2],
    );
    const ledger = await ledgerRow(suite, 1001);
    deepStrictEqual([ledger.status, ledger.sent_evidence], ["sent", "push"]);
    strictEqual(ledger.dispatch_id, "d1");

    const log = only(await suite.sql`select * from public.scheduler_logs`);
    deepStrictEqual([log.action, log.reason, log.match_id, log.logged_at, log.details], [
      "attribution_changed",
      "no_candidate became dispatch_id (high)",
      "1001",
      LATER,
      { from_match_id: null, match_id: 1001, events: 2, event_ids: ["a", "b"] },
    ]);
  }),
);

Deno.test(
  "store_rejudgements() logs the ids of at most 20 events",
  withSuite(async (suite) => {
    const target = await scheduledMatch(suite);
    const events = Array.from({ length: 25 }, (_, index) => event(`event-${index}`));
    await ingest(suite, { events });
    await store(suite, PAGE, { verdicts: events.map((each) => verdict(each, proved(target))) });
    const { details } = only(await suite.sql`select details from public.scheduler_logs`);
    deepStrictEqual([details.events, details.event_ids.length], [25, 20]);
  }),
);

Deno.test(
  "store_rejudgements() leaves an event that another run judged meanwhile",
  withSuite(async (suite) => {
    const target = await scheduledMatch(suite);
    const stored = event("a");
    await ingest(suite, { events: [stored] });
    const first = verdict(stored, proved(target));
    strictEqual(await store(suite, PAGE, { verdicts: [first] }), 1);
    strictEqual(await store(suite, PAGE, { verdicts: [first] }), 0, "the same again");
    strictEqual(await lose(suite, stored), 0);
    for (
      const changes of [
        { from_method: "send_id" },
        { from_generation: 2 },
        { from_timing: "late" },
        { from_ledger_id: null },
      ]
    ) {
      const current = verdict({ ...stored, ...proved(target) }, OPEN);
      strictEqual(await store(suite, PAGE, { verdicts: [{ ...current, ...changes }] }), 0);
    }
    deepStrictEqual(await attributions(suite), [["a", 1001, "dispatch_id", "high"]]);
    strictEqual((await suite.sql`select * from public.scheduler_logs`).length, 1);
  }),
);

Deno.test(
  "store_rejudgements() registers identifiers, and has the events that depend on them judged again",
  withSuite(async (suite) => {
    const { ledger_id } = await scheduledMatch(suite);
    await queue(suite, [], NOW);
    const identifiers = [{ kind: "dispatch_id", value: "d1", ledger_id, generation: 1 }];
    await store(suite, PAGE, { identifiers });
    deepStrictEqual(await queued(suite), ["dispatch_id d1"]);
    await store(suite, PAGE, { identifiers });
    deepStrictEqual(await queued(suite), ["dispatch_id d1"], "nothing new");
  }),
);

Deno.test(
  "store_rejudgements() that takes the last proof back restores the ledger row and the schedule",
  withSuite(async (suite) => {
    const target = await scheduledMatch(suite);
    const events = [proving("a", target), proving("b", target, { dispatch_id: "lent" })];
    const before = [await ledgerRow(suite, 1001), await scheduleRow(suite, target)];
    await ingest(suite, { events, now: seconds(1) });
    strictEqual((await ledgerRow(suite, 1001)).status, "sent");

    await lose(suite, events[0]!);
    strictEqual((await ledgerRow(suite, 1001)).status, "sent", "another event proves it");
    strictEqual((await scheduleRow(suite, target)).state, "completed");

    await lose(suite, events[1]!);
    const after = [await ledgerRow(suite, 1001), await scheduleRow(suite, target)];
    deepStrictEqual(after, before.map((row) => ({ ...row, updated_at: LATER })));
    const log = only(
      await suite.sql`select * from public.scheduler_logs where action = 'sent_reverted'`,
    );
    deepStrictEqual([log.match_id, log.details], ["1001", { generation: 1, status: "pending" }]);
  }),
);

for (const cancelReason of ["plan", "dashboard", "operator"]) {
  Deno.test(
    `store_rejudgements() that takes the last proof back restores a row cancelled by ${cancelReason}, and resolves its alert`,
    withSuite(async (suite) => {
      const target = await scheduledMatch(suite);
      await suite.sql`
        update public.schedule_ledger set status = 'cancelled', cancel_reason = ${cancelReason}`;
      await suite.sql`update public.braze_schedules set state = 'deleted'`;
      const before = [await ledgerRow(suite, 1001), await scheduleRow(suite, target)];
      const stored = proving("a", target);
      await ingest(suite, { events: [stored] });
      await lose(suite, stored);
      const after = [await ledgerRow(suite, 1001), await scheduleRow(suite, target)];
      deepStrictEqual(after, before.map((row) => ({ ...row, updated_at: LATER })));
      const { resolved_at, details } = only(await suite.sql`select * from public.alerts`);
      deepStrictEqual([resolved_at, details.no_longer_seen], [LATER, true]);
    }),
  );
}

Deno.test(
  "store_rejudgements() that takes the last push back leaves the webhook as evidence",
  withSuite(async (suite) => {
    const target = await scheduledMatch(suite);
    const push = proving("push", target);
    const webhook = proving("webhook", target, { channel: "webhook", proof: "webhook" });
    await ingest(suite, { events: [push, webhook], now: seconds(1) });
    await lose(suite, push);
    const { status, sent_evidence, sent_confirmed_at } = await ledgerRow(suite, 1001);
    deepStrictEqual([status, sent_evidence, sent_confirmed_at], ["sent", "webhook", seconds(1)]);
    strictEqual((await scheduleRow(suite, target)).state, "completed");
  }),
);

Deno.test(
  "store_rejudgements() that takes proofs back keeps what a person or Braze's statistics confirmed",
  withSuite(async (suite) => {
    const target = await scheduledMatch(suite);
    for (const evidence of ["operator", "statistics"]) {
      await suite.sql`
        update public.schedule_ledger
        set status = 'sent', sent_evidence = ${evidence}, sent_confirmed_at = ${NOW}`;
      const stored = proving(evidence, target, { channel: "webhook", proof: "webhook" });
      await ingest(suite, { events: [stored] });
      await lose(suite, stored);
      strictEqual((await ledgerRow(suite, 1001)).sent_evidence, evidence);
    }
  }),
);

Deno.test(
  "store_rejudgements() that takes a proof back reopens the create that it had resolved, unless another one is open",
  withSuite(async (suite) => {
    const first = await scheduledMatch(suite);
    await suite.sql`update public.braze_schedules set state = 'deleted'`;
    const second = await openCreate(suite, first.runId, 1001);
    await close(suite, second.attempt_id, "unknown");
    const proofOf = (id: string) => proving(id, second);
    await ingest(suite, { events: [proofOf("a")] });
    strictEqual((await attemptRow(suite, second.attempt_id)).resolved_as, "proved_by_events");

    await lose(suite, proofOf("a"));
    const reopened = await attemptRow(suite, second.attempt_id);
    deepStrictEqual(
      [reopened.outcome, reopened.resolved_as, reopened.resolved_at],
      ["unknown", null, null],
    );
    strictEqual((await scheduleRow(suite, second)).state, "unknown");

    await ingest(suite, { events: [proofOf("b")] });
    await suite.sql`
      update public.schedule_attempts
      set outcome = 'unknown' where id = ${first.attempt_id}`;
    await lose(suite, proofOf("b"));
    strictEqual((await attemptRow(suite, second.attempt_id)).resolved_as, "proved_by_events");
  }),
);

Deno.test(
  "store_rejudgements() that takes a proof back keeps what became known of the schedule under it",
  withSuite(async (suite) => {
    await addMatch(suite, 1001);
    const { runId } = await scheduledMatch(suite, 1002);
    const opened = await openCreate(suite, runId, 1001);
    const stored = proving("a", opened);
    await ingest(suite, { events: [stored] });
    await close(suite, opened.attempt_id, "succeeded", {
      http_status: 201,
      answer: { schedule_id: "schedule-1", dispatch_id: null },
    });
    strictEqual((await scheduleRow(suite, opened)).state, "completed");
    await lose(suite, stored);
    const { state, braze_schedule_id } = await scheduleRow(suite, opened);
    deepStrictEqual([state, braze_schedule_id], ["live", "schedule-1"]);
  }),
);

Deno.test(
  "store_rejudgements() that takes a proof back drops ids that the events had brought",
  withSuite(async (suite) => {
    const target = await scheduledMatch(suite);
    const stored = proving("a", target, { dispatch_id: "lent", send_id: "braze-1" });
    await ingest(suite, { events: [stored] });
    const ids = async () => {
      const { dispatch_id, send_id } = await ledgerRow(suite, 1001);
      return [dispatch_id, send_id];
    };
    deepStrictEqual(await ids(), ["lent", "braze-1"]);
    await suite.sql`
      insert into public.schedule_identifiers (kind, value, ledger_id, generation, source, first_seen_at)
      values ('dispatch_id', 'ours', ${target.ledger_id}, 1, 'create', ${NOW})`;
    await lose(suite, stored);
    deepStrictEqual(await ids(), ["ours", null]);
  }),
);

Deno.test(
  "store_rejudgements() moves a proof to another match in one step",
  withSuite(async (suite) => {
    const target = await scheduledMatch(suite);
    await addMatch(suite, 1002);
    const other = await createSchedule(suite, target.runId, 1002, { p_send_at: minutes(540) });
    const stored = proving("a", target, { sent_at: minutes(541) });
    await ingest(suite, { events: [stored] });
    await store(suite, PAGE, {
      verdicts: [verdict(stored, { ...proved(other), match_id: 1002 })],
    });
    deepStrictEqual(
      [(await ledgerRow(suite, 1001)).status, (await ledgerRow(suite, 1002)).status],
      ["pending", "sent"],
    );
    const { details } = only(
      await suite.sql`
        select details from public.scheduler_logs where action = 'attribution_changed'`,
    );
    deepStrictEqual([details.from_match_id, details.match_id], [1001, 1002]);
  }),
);

Deno.test(
  "store_rejudgements() raises the alert of a send at a time that had been left, once, also if the send was proved already",
  withSuite(async (suite) => {
    const target = await scheduledMatch(suite);
    await ingest(suite, { events: [proving("first", target)] });
    const stored = event("a");
    await ingest(suite, { events: [stored] });
    const to = { ...proved(target), timing: "moved_away" };
    await store(suite, PAGE, { verdicts: [verdict(stored, to)] });
    const { rule, kind, title } = only(await suite.sql`select * from public.alerts`);
    deepStrictEqual([rule, kind, title], [
      "unexpected_send",
      "harm",
      "Match 1001 Home 1001–Away 1001: sent at a time from which it had been moved away (schedule 1)",
    ]);
    await suite.sql`update public.alerts set resolved_at = ${LATER}`;
    await ingest(suite, { events: [proving("b", target, { timing: "moved_away" })] });
    strictEqual((await suite.sql`select 1 from public.alerts`).length, 1);
  }),
);
