import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { only, type Suite, withSuite } from "./fixtures.ts";
import { addDue, addEvent } from "./health.ts";

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
  "match_verification compares the expected number with users, events and Braze's own count",
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
  "match_verification judges each schedule that was due, and reports unknown results as unknown",
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
  "match_verification keeps the number of users after its events are pruned",
  withSuite(async (suite) => {
    await addDue(suite, 1, { ...EXPECTED, actual_send_count: 3 });
    strictEqual(await verdict(suite, 1), "as_expected");
  }),
);
