import { deepStrictEqual } from "node:assert/strict";
import { minutes, withSuite } from "./fixtures.ts";
import { addDue, addEvent, DATE, DUE, rollUp } from "./health.ts";

Deno.test(
  "webhook_failure_patterns shows where webhooks are late or lost, summed over days",
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
