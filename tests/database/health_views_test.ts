import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { minutes, NOW, only, type Suite, withSuite } from "./fixtures.ts";
import { addDue, addEvent, DATE, DUE, rollUp } from "./health.ts";

async function verdict(suite: Suite, matchId: number): Promise<unknown> {
  const row = only(
    await suite.sql`select verdict from public.match_verification where match_id = ${matchId}`,
  );
  return row.verdict;
}

const EXPECTED = {
  expected_send_count: 3,
  expected_send_count_min: 2,
  expected_send_count_max: 4,
  expected_source: "teams",
};

Deno.test(
  "match_verification holds what was expected against users, events and Braze's own count",
  withSuite(async (suite) => {
    const match = await addDue(suite, 1, { ...EXPECTED, braze_reported_count: 5 });
    for (const user of ["a", "a", "b"]) await addEvent(suite, match, { external_user_id: user });
    await addEvent(suite, match, { event_type: "open", external_user_id: "a" });
    await addEvent(suite, match, { event_type: "bounce", external_user_id: "b" });
    for (const abort_type of ["frequency_capped", "frequency_capped", "liquid_abort_message"]) {
      await addEvent(suite, match, {
        event_type: "abort",
        raw_payload: { properties: { abort_type } },
      });
    }
    await addEvent(suite, match, { event_type: "abort", raw_payload: {} });
    await addEvent(suite, match, { channel: "webhook" });
    await addEvent(suite, match, { confidence: "low", correlation_method: "time_window" });

    const row = only(await suite.sql`select * from public.match_verification`);
    const { events, sends, webhook_sends, opens, bounces, aborts, low_confidence } = row;
    deepStrictEqual(
      { events, sends, webhook_sends, opens, bounces, aborts, low_confidence },
      {
        events: "11",
        sends: "3",
        webhook_sends: "1",
        opens: "1",
        bounces: "1",
        aborts: "4",
        low_confidence: "1",
      },
    );
    deepStrictEqual(row.aborts_by_type, {
      frequency_capped: 2,
      liquid_abort_message: 1,
      unknown: 1,
    });
    deepStrictEqual(
      [row.expected_users, row.expected_users_min, row.expected_users_max, row.expected_source],
      [3, 2, 4, "teams"],
    );
    deepStrictEqual(
      [row.actual_users, row.delta, row.braze_reported_sends, row.missing_sends, row.verdict],
      ["2", "-1", 5, "2", "webhooks_missing"],
    );
  }),
);

Deno.test(
  "match_verification judges each schedule that was due, and says so where it cannot know",
  withSuite(async (suite) => {
    const send = async (id: number, users: number, fields: Readonly<Record<string, unknown>>) => {
      const match = await addDue(suite, id, fields);
      for (let user = 0; user < users; user++) await addEvent(suite, match);
      return match;
    };
    await send(1, 3, EXPECTED);
    await send(2, 1, EXPECTED);
    await send(3, 5, EXPECTED);
    await send(4, 1, {});
    await send(5, 0, EXPECTED);
    await send(6, 0, { ...EXPECTED, braze_reported_count: 3 });
    await send(7, 0, { status: "cancelled", cancel_reason: "plan" });
    await send(8, 1, { status: "cancelled", cancel_reason: "plan" });
    await addEvent(suite, await send(9, 0, EXPECTED), { event_type: "abort" });
    // Users whose push was held back are not missing.
    await addEvent(suite, await send(10, 1, EXPECTED), { event_type: "abort" });
    await addDue(suite, 11, { send_at_utc: new Date("2099-01-01T00:00:00Z") });

    const rows = await suite.sql`
      select match_id::int, verdict from public.match_verification order by match_id`;
    deepStrictEqual(rows.map((row) => [row.match_id, row.verdict]), [
      [1, "as_expected"],
      [2, "fewer_than_expected"],
      [3, "more_than_expected"],
      [4, "no_expectation"],
      [5, "no_evidence"],
      [6, "webhooks_missing"],
      [7, "cancelled"],
      [8, "sent_although_cancelled"],
      [9, "no_push_sent"],
      [10, "as_expected"],
    ]);
  }),
);

Deno.test(
  "match_verification keeps the number of users when the events are pruned",
  withSuite(async (suite) => {
    await addDue(suite, 1, { ...EXPECTED, actual_send_count: 3 });
    strictEqual(await verdict(suite, 1), "as_expected");
  }),
);

async function logDuplicate(
  { sql }: Suite,
  at: Date,
  matchId: number,
  ids: string[],
): Promise<void> {
  const details = { match_id: matchId, duplicate_count: ids.length - 1, schedule_ids: ids };
  await sql`
    insert into public.scheduler_logs (logged_at, function_name, action, reason, match_id, details)
    values (${at}, 'braze-reconcile', 'duplicate_count', 'Match has schedules', ${matchId}, ${
    sql.json(details)
  })`;
}

Deno.test(
  "duplicate_trends counts a duplicate once a day, names the worst matches and says whether it gets worse",
  withSuite(async (suite) => {
    const day = 24 * 60;
    await logDuplicate(suite, NOW, 1, ["kept", "second"]);
    await logDuplicate(suite, minutes(30), 1, ["kept", "second"]);
    await logDuplicate(suite, minutes(60), 1, ["kept", "third"]);
    await logDuplicate(suite, minutes(60), 2, ["kept", "second"]);
    await logDuplicate(suite, minutes(day), 3, ["a", "b", "c", "d", "e"]);
    await logDuplicate(suite, minutes(7 * day), 1, ["kept", "last"]);
    await suite.sql`
      insert into public.scheduler_logs (logged_at, function_name, action, reason)
      values (${NOW}, 'braze-reconcile', 'another', 'r')`;
    const rows = await suite.sql`
      select date::text, duplicates::int, matches::int, most_affected,
        duplicates_the_day_before::int as before, duplicates_in_7_days::int as week
      from public.duplicate_trends order by date`;
    deepStrictEqual([...rows], [
      {
        date: "2024-12-07",
        duplicates: 3,
        matches: 2,
        most_affected: [{ match_id: 1, duplicates: 2 }, { match_id: 2, duplicates: 1 }],
        before: 0,
        week: 3,
      },
      {
        date: "2024-12-08",
        duplicates: 4,
        matches: 1,
        most_affected: [{ match_id: 3, duplicates: 4 }],
        before: 3,
        week: 7,
      },
      {
        date: "2024-12-14",
        duplicates: 1,
        matches: 1,
        most_affected: [{ match_id: 1, duplicates: 1 }],
        before: 0,
        week: 5,
      },
    ]);
  }),
);

Deno.test(
  "webhook_failure_patterns shows where webhooks are late or lost, added up over days",
  withSuite(async (suite) => {
    const big = { expected_send_count: 60_000 };
    const first = await addDue(suite, 1, { ...big, braze_reported_count: 4 });
    await addEvent(suite, first, { delaySeconds: 10 });
    await addEvent(suite, first, {
      delaySeconds: 400,
      raw_payload: { properties: { platform: "android" } },
    });
    const nextDay = new Date(DUE.getTime() + 24 * 3_600_000);
    await addDue(suite, 2, { ...big, send_at_utc: nextDay });
    const other = await addDue(suite, 3, {
      expected_send_count: 900,
      campaign_id: "campaign-2",
      send_at_utc: new Date("2024-12-08T20:00:00Z"),
    });
    await addEvent(suite, other, { due: new Date("2024-12-08T20:00:00Z"), delaySeconds: 20 });
    const later = minutes(5 * 24 * 60);
    for (const date of [DATE, "2024-12-08", DATE]) await rollUp(suite, date, later);

    const rows = await suite.sql`
      select dimension || ' ' || value as of, schedules::int, never_received::int as never,
        never_received_share::float as never_share, push_sends::int as sends, avg_delay_ms::int as delay,
        delayed_5min_share::float as late, missing_sends::int as missing, missing_share::float as lost
      from public.webhook_failure_patterns order by 1`;
    const nothing = { missing: null, lost: null };
    const lost = { missing: 2, lost: 0.5 };
    const halfGone = {
      schedules: 2,
      never: 1,
      never_share: 0.5,
      sends: 2,
      delay: 205_000,
      late: 0.5,
    };
    const fine = { schedules: 1, never: 0, never_share: 0, sends: 1, delay: 20_000, late: 0 };
    const unknowable = { never: null, never_share: null };
    deepStrictEqual([...rows], [
      { of: "campaign campaign-1", ...halfGone, ...lost },
      { of: "campaign campaign-2", ...fine, ...nothing },
      { of: "hour_of_day 14", ...halfGone, ...lost },
      { of: "hour_of_day 20", ...fine, ...nothing },
      { of: "match_size 50,000 and more", ...halfGone, ...lost },
      { of: "match_size under 1,000", ...fine, ...nothing },
      {
        of: "platform android",
        schedules: 1,
        ...unknowable,
        sends: 1,
        delay: 400_000,
        late: 1,
        ...nothing,
      },
      {
        of: "platform ios",
        schedules: 2,
        ...unknowable,
        sends: 2,
        delay: 15_000,
        late: 0,
        ...nothing,
      },
    ]);
  }),
);

Deno.test(
  "missing_ids counts the pending schedules without a dispatch id or send id",
  withSuite(async (suite) => {
    await addDue(suite, 1, { dispatch_id: "d", send_id: "s" });
    await addDue(suite, 2, { send_id: "t" });
    await addDue(suite, 3);
    await addDue(suite, 4, { status: "cancelled", cancel_reason: "plan" });
    deepStrictEqual(only(await suite.sql`select * from public.missing_ids`), {
      total_schedules: "3",
      with_dispatch_id: "1",
      with_send_id: "2",
      missing_dispatch_id: "2",
      missing_send_id: "1",
    });
  }),
);
