import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { addMinutes } from "date-fns";
import { minutes, only, type Suite, withSuite } from "./fixtures.ts";
import { addDue, addEvent, DUE, EVENING, recountAll } from "./health.ts";

async function counts({ sql }: Suite): Promise<unknown[]> {
  const rows = await sql`
    select actual_send_count, send_count_delta from public.schedule_ledger order by match_id`;
  return rows.map((row) => [row.actual_send_count, row.send_count_delta]);
}

interface Due {
  readonly is_complete: boolean;
  readonly ledger_ids: readonly string[];
}

function mark({ call }: Suite, now: Date): Promise<Due> {
  return call("mark_recounts", { p_now: now });
}

function count({ call }: Suite, ledgerId: string, now = EVENING): Promise<unknown> {
  return call("recount_match", { p_ledger_id: ledgerId, p_now: now });
}

Deno.test(
  "recount_match() counts a user once over all devices and schedules, an anonymous one by Braze's id, and omits low confidence",
  withSuite(async (suite) => {
    const match = await addDue(suite, 1, { generation: 2, expected_send_count: 10 });
    const user = { external_user_id: "user" };
    await addEvent(suite, match, user);
    await addEvent(suite, match, { ...user, device_id: "tablet" });
    await addEvent(suite, match, { ...user, generation: 2, dispatch_id: null });
    for (const device_id of ["phone", "tablet"]) {
      await addEvent(suite, match, { external_user_id: null, braze_user_id: "b", device_id });
    }
    await addEvent(suite, match, { external_user_id: null, device_id: "phone" });
    await addEvent(suite, match, { external_user_id: "opened", event_type: "open" });
    await addEvent(suite, match, { confidence: "low", correlation_method: "time_window" });
    deepStrictEqual(await count(suite, match.ledgerId), { users: 3, double_push_users: 1 });
    deepStrictEqual(await counts(suite), [[3, -7]]);
    const rows = await suite.sql`
      select generation, users, push_sends, opened_users, events, low_events, low_push_sends
      from public.match_counts order by generation`;
    deepStrictEqual(rows.map((row) => Object.values(row)), [
      [1, 3, 5, 1, 7, 1, 1],
      [2, 1, 1, 0, 1, 0, 0],
    ]);
  }),
);

Deno.test(
  "recount_match() counts bounces and aborts by user, and says why Braze aborted",
  withSuite(async (suite) => {
    const match = await addDue(suite, 1);
    await addEvent(suite, match, { external_user_id: "a" });
    for (const device_id of ["phone", "tablet"]) {
      await addEvent(suite, match, { external_user_id: "a", event_type: "bounce", device_id });
    }
    const abort = (user: string, raw_payload: unknown) =>
      addEvent(suite, match, { external_user_id: user, event_type: "abort", raw_payload });
    await abort("b", { properties: { abort_type: "frequency_capped" } });
    await abort("b", { properties: { abort_type: "frequency_capped" } });
    await abort("c", { abort_type: "quiet_hours" });
    await abort("d", {});
    await addEvent(suite, match, { event_type: "abort", channel: "webhook" });
    await addEvent(suite, match, { generation: null, event_type: "bounce" });
    await count(suite, match.ledgerId);
    const rows = await suite.sql`
      select generation, users, bounced_users, aborted_users, abort_reasons from public.match_counts order by generation`;
    deepStrictEqual(rows.map((row) => Object.values(row)), [
      [0, 0, 1, 0, {}],
      [1, 1, 1, 3, { frequency_capped: 1, quiet_hours: 1, unknown: 1 }],
    ]);
  }),
);

Deno.test(
  "a due match without events is counted as 0; one that is cancelled or not due is not",
  withSuite(async (suite) => {
    const due = await addDue(suite, 1);
    await addDue(suite, 2, { status: "cancelled", cancel_reason: "plan" });
    await addDue(suite, 3, { send_at_utc: minutes(23 * 60) });
    deepStrictEqual((await mark(suite, EVENING)).ledger_ids, [due.ledgerId]);
    await count(suite, due.ledgerId);
    deepStrictEqual((await mark(suite, EVENING)).ledger_ids, []);
    const sent = await addDue(suite, 4, { status: "cancelled", cancel_reason: "plan" });
    await addEvent(suite, sent, { received_at: EVENING });
    deepStrictEqual((await mark(suite, EVENING)).ledger_ids, [sent.ledgerId]);
    await count(suite, sent.ledgerId);
    deepStrictEqual(await counts(suite), [[0, null], [null, null], [null, null], [1, null]]);
  }),
);

Deno.test(
  "only matches with events since the last look are counted again, and one that was stored behind it is found",
  withSuite(async (suite) => {
    const [one, another] = [await addDue(suite, 1), await addDue(suite, 2)];
    for (const match of [one, another]) await addEvent(suite, match);
    await mark(suite, addMinutes(DUE, 1));
    for (const match of [one, another]) await count(suite, match.ledgerId);
    // Received before that look, committed after it.
    await addEvent(suite, one, { received_at: DUE });
    deepStrictEqual((await mark(suite, addMinutes(DUE, 5))).ledger_ids.length, 2);
    for (const match of [one, another]) await count(suite, match.ledgerId);
    await mark(suite, addMinutes(DUE, 20));
    for (const match of [one, another]) await count(suite, match.ledgerId);
    deepStrictEqual((await mark(suite, addMinutes(DUE, 40))).ledger_ids.length, 0);
    await addEvent(suite, another, { received_at: addMinutes(DUE, 45) });
    deepStrictEqual((await mark(suite, addMinutes(DUE, 50))).ledger_ids, [another.ledgerId]);
    await count(suite, another.ledgerId);
    deepStrictEqual(await counts(suite), [[2, null], [2, null]]);
  }),
);

Deno.test(
  "after an outage one look reads an hour of arrivals, and says that there is more",
  withSuite(async (suite) => {
    const match = await addDue(suite, 1);
    await mark(suite, DUE);
    await count(suite, match.ledgerId, DUE);
    await addEvent(suite, match, { received_at: addMinutes(DUE, 90) });
    const later = addMinutes(DUE, 120);
    deepStrictEqual(await mark(suite, later), { is_complete: false, ledger_ids: [] });
    deepStrictEqual(await mark(suite, later), { is_complete: true, ledger_ids: [match.ledgerId] });
  }),
);

Deno.test(
  "recount_match() decreases when an attribution changes, and not when events are pruned",
  withSuite(async (suite) => {
    const match = await addDue(suite, 1);
    await addEvent(suite, match);
    await count(suite, match.ledgerId);
    await addDue(suite, 2, { actual_send_count: 900, send_at_utc: minutes(1) });
    await suite.sql`
      update public.notification_sends set match_id = null, ledger_id = null, confidence = 'none'`;
    await suite.sql`delete from private.event_partitions where starts_at < ${minutes(2)}`;
    await recountAll(suite);
    deepStrictEqual(await counts(suite), [[1, null], [900, null]]);
    await suite.sql`insert into private.event_partitions values (${minutes(2)}, ${EVENING}, 'p')`;
    await recountAll(suite);
    deepStrictEqual(await counts(suite), [[0, null], [900, null]]);
    strictEqual((await suite.sql`select 1 from public.match_counts`).length, 0);
  }),
);

Deno.test(
  "a histogram keeps three digits of each duration",
  withSuite(async (suite) => {
    const match = await addDue(suite, 1);
    for (const delay of [0.25, 7, 7, 123.456, 86_399]) {
      await addEvent(suite, match, {
        lateSeconds: 30,
        received_at: new Date(DUE.getTime() + 30_000 + delay * 1_000),
      });
    }
    await count(suite, match.ledgerId);
    const { delays, latenesses } = only(
      await suite.sql`select delays, latenesses from public.match_counts`,
    );
    deepStrictEqual(delays, { 250: 1, 7000: 2, 123000: 1, 86400000: 1 });
    deepStrictEqual(latenesses, { 30000: 5 });
  }),
);
