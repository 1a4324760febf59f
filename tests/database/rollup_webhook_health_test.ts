import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { addSeconds } from "date-fns";
import { event, ingest, reject } from "./events.ts";
import { minutes, only, type Suite, withSuite } from "./fixtures.ts";
import { addDue, addEvent, DATE, DUE, EVENING, rollUp } from "./health.ts";

function pick(row: Record<string, unknown>, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(names.map((name) => [name, row[name]]));
}

const SCHEDULES = ["total_schedules_sent", "webhooks_received", "webhooks_never_received"];
const DELAYS = [
  "avg_webhook_delay_ms",
  "p50_webhook_delay_ms",
  "p95_webhook_delay_ms",
  "p99_webhook_delay_ms",
];

async function patterns({ sql }: Suite): Promise<Record<string, unknown>[]> {
  return [
    ...await sql`
    select dimension, value, schedules, never_received, push_sends::int
    from public.webhook_health_patterns order by dimension, value`,
  ];
}

Deno.test(
  "rollup_webhook_health() counts due rows that are not cancelled, also pending ones and those without events",
  withSuite(async (suite) => {
    const reported = await addDue(suite, 1);
    await addEvent(suite, reported);
    await addEvent(suite, reported);
    await addDue(suite, 2, { status: "pending" });
    await addDue(suite, 3, {
      status: "sent",
      sent_evidence: "operator",
      sent_confirmed_at: DUE,
    });
    await addDue(suite, 4, { status: "cancelled", cancel_reason: "plan" });
    deepStrictEqual(pick(await rollUp(suite), SCHEDULES), {
      total_schedules_sent: 3,
      webhooks_received: 1,
      webhooks_never_received: 2,
    });
  }),
);

Deno.test(
  "rollup_webhook_health() stores null, not 0, if there is nothing to count",
  withSuite(async (suite) => {
    await addDue(suite, 1);
    const row = await rollUp(suite);
    deepStrictEqual(
      pick(row, [
        ...DELAYS,
        "avg_send_lateness_ms",
        "p99_send_lateness_ms",
        "low_confidence_share",
        "braze_reported_sends",
        "delta",
      ]),
      {
        avg_webhook_delay_ms: null,
        p50_webhook_delay_ms: null,
        p95_webhook_delay_ms: null,
        p99_webhook_delay_ms: null,
        avg_send_lateness_ms: null,
        p99_send_lateness_ms: null,
        low_confidence_share: null,
        braze_reported_sends: null,
        delta: null,
      },
    );
    const stored = only(await suite.sql`select * from public.webhook_health_metrics`);
    deepStrictEqual(
      [stored.avg_webhook_delay_ms, stored.events, stored.webhooks_delayed_5min],
      [null, "0", 0],
    );
  }),
);

Deno.test(
  "rollup_webhook_health() separates webhook delay from send delay, with percentiles of both",
  withSuite(async (suite) => {
    const match = await addDue(suite, 1);
    for (let second = 1; second <= 100; second++) {
      await addEvent(suite, match, { lateSeconds: 600 + second, delaySeconds: second });
    }
    deepStrictEqual(
      pick(await rollUp(suite), [
        ...DELAYS,
        "avg_send_lateness_ms",
        "p50_send_lateness_ms",
        "p95_send_lateness_ms",
        "p99_send_lateness_ms",
        "webhooks_delayed_5min",
      ]),
      {
        avg_webhook_delay_ms: 50_500,
        p50_webhook_delay_ms: 50_000,
        p95_webhook_delay_ms: 95_000,
        p99_webhook_delay_ms: 99_000,
        avg_send_lateness_ms: 650_500,
        p50_send_lateness_ms: 650_000,
        p95_send_lateness_ms: 695_000,
        p99_send_lateness_ms: 699_000,
        // Braze was late, its webhooks were not.
        webhooks_delayed_5min: 0,
      },
    );
  }),
);

Deno.test(
  "rollup_webhook_health() counts a schedule as delayed when its first event came more than 5 or 10 minutes late",
  withSuite(async (suite) => {
    const delays = [300, 301, 600, 601];
    for (const [index, delaySeconds] of delays.entries()) {
      const match = await addDue(suite, index + 1);
      await addEvent(suite, match, { delaySeconds });
      // Only the first event counts for the delay of the schedule.
      await addEvent(suite, match, { delaySeconds: 3_600 });
    }
    deepStrictEqual(
      pick(await rollUp(suite), ["webhooks_delayed_5min", "webhooks_delayed_10min"]),
      { webhooks_delayed_5min: 3, webhooks_delayed_10min: 1 },
    );
  }),
);

Deno.test(
  "rollup_webhook_health() measures the webhook channel, which reports no time, from the scheduled time",
  withSuite(async (suite) => {
    const match = await addDue(suite, 1);
    await addEvent(suite, match, { channel: "webhook", lateSeconds: 420 });
    deepStrictEqual(
      pick(await rollUp(suite), [
        "webhooks_received",
        "webhooks_delayed_5min",
        "webhooks_delayed_10min",
        "avg_webhook_delay_ms",
        "push_sends",
      ]),
      {
        webhooks_received: 1,
        webhooks_delayed_5min: 1,
        webhooks_delayed_10min: 0,
        avg_webhook_delay_ms: null,
        push_sends: 0,
      },
    );
  }),
);

Deno.test(
  "rollup_webhook_health() counts a push on the UTC date it was due, with its events after midnight",
  withSuite(async (suite) => {
    const lastSecond = new Date("2024-12-07T23:59:59.999Z");
    const late = await addDue(suite, 1, { send_at_utc: lastSecond });
    await addEvent(suite, late, { due: lastSecond, lateSeconds: 90 });
    await addDue(suite, 2, { send_at_utc: new Date("2024-12-07T00:00:00Z") });
    await addDue(suite, 3, { send_at_utc: new Date("2024-12-08T00:00:00Z") });
    await addDue(suite, 4, { send_at_utc: new Date("2024-12-06T23:59:59Z") });
    const later = minutes(5 * 24 * 60);
    deepStrictEqual(pick(await rollUp(suite, DATE, later), [...SCHEDULES, "events"]), {
      total_schedules_sent: 2,
      webhooks_received: 1,
      webhooks_never_received: 1,
      events: 1,
    });
    strictEqual((await rollUp(suite, "2024-12-08", later)).events, 0);
  }),
);

Deno.test(
  "rollup_webhook_health() counts neither low confidence nor an older schedule for the current one",
  withSuite(async (suite) => {
    await addEvent(suite, await addDue(suite, 1), {
      confidence: "low",
      correlation_method: "time_window",
    });
    await addEvent(suite, await addDue(suite, 2, { generation: 2 }), { generation: 1 });
    await addEvent(suite, await addDue(suite, 3, { generation: 2 }), { generation: null });
    deepStrictEqual(
      pick(await rollUp(suite), [...SCHEDULES, "push_sends", "events", "low_confidence_share"]),
      {
        total_schedules_sent: 3,
        webhooks_received: 1,
        webhooks_never_received: 2,
        push_sends: 1,
        events: 3,
        low_confidence_share: 0.3333,
      },
    );
  }),
);

Deno.test(
  "rollup_webhook_health() does not report a push as missing before it is due",
  withSuite(async (suite) => {
    await addDue(suite, 1);
    await addDue(suite, 2, { send_at_utc: addSeconds(DUE, 1) });
    const at = (now: Date) => rollUp(suite, DATE, now);
    strictEqual((await at(DUE)).webhooks_never_received, 0);
    strictEqual((await at(addSeconds(DUE, 1))).webhooks_never_received, 1);
    strictEqual((await at(addSeconds(DUE, 2))).webhooks_never_received, 2);
  }),
);

Deno.test(
  "rollup_webhook_health() counts duplicates and rejects by the day of receipt, from the counts of ingest_events",
  withSuite(async (suite) => {
    const before = new Date("2024-12-06T23:59:00Z");
    await ingest(suite, { events: [event("one", { sent_at: before })], now: before });
    await ingest(suite, {
      events: [event("one", { sent_at: before }), event("two"), event("two"), event("three")],
      rejects: [reject("{"), reject("[")],
    });
    deepStrictEqual(pick(await rollUp(suite), ["duplicates", "rejects", "events"]), {
      duplicates: 2,
      rejects: 2,
      events: 2,
    });
    deepStrictEqual(
      pick(await rollUp(suite, "2024-12-06"), ["duplicates", "rejects", "events"]),
      { duplicates: 0, rejects: 0, events: 1 },
    );
  }),
);

Deno.test(
  "rollup_webhook_health() excludes test sends and other campaigns from the unattributed events",
  withSuite(async (suite) => {
    for (const method of ["tie", "no_candidate", "no_evidence", "other_campaign", "test_send"]) {
      await addEvent(suite, null, { correlation_method: method });
    }
    await addEvent(suite, await addDue(suite, 1), {
      confidence: "low",
      correlation_method: "time_window",
    });
    deepStrictEqual(pick(await rollUp(suite), ["events", "unattributed", "low_confidence_share"]), {
      events: 4,
      unattributed: 3,
      low_confidence_share: 0.25,
    });
  }),
);

Deno.test(
  "rollup_webhook_health() compares Braze's numbers with the events of the schedules that have one",
  withSuite(async (suite) => {
    await addDue(suite, 1, { braze_reported_count: 5 });
    const second = await addDue(suite, 2, { braze_reported_count: 3 });
    await addEvent(suite, second);
    await addEvent(suite, second);
    // Braze's count for this one was not read, so its events show nothing about missing ones.
    await addEvent(suite, await addDue(suite, 3));
    deepStrictEqual(pick(await rollUp(suite), ["braze_reported_sends", "push_sends", "delta"]), {
      braze_reported_sends: 8,
      push_sends: 3,
      delta: 6,
    });
  }),
);

Deno.test(
  "rollup_webhook_health() repeated leaves one row with the last numbers, and deletes old patterns",
  withSuite(async (suite) => {
    const match = await addDue(suite, 1);
    await addEvent(suite, match, { raw_payload: { properties: { platform: "android" } } });
    const first = await rollUp(suite);
    deepStrictEqual(await rollUp(suite), first);
    const kept = only(
      await suite.sql`select id, created_at, updated_at from public.webhook_health_metrics`,
    );

    await suite.sql`update public.notification_sends set raw_payload = '{"platform": "ios"}'`;
    await addEvent(suite, match);
    strictEqual((await rollUp(suite, DATE, minutes(22 * 60))).push_sends, 2);
    const again = only(
      await suite.sql`select id, created_at, updated_at from public.webhook_health_metrics`,
    );
    deepStrictEqual(
      [again.id, again.created_at, again.updated_at],
      [kept.id, EVENING, minutes(22 * 60)],
    );
    deepStrictEqual(await patterns(suite), [
      {
        dimension: "campaign",
        value: "campaign-1",
        schedules: 1,
        never_received: 0,
        push_sends: 2,
      },
      { dimension: "hour_of_day", value: "14", schedules: 1, never_received: 0, push_sends: 2 },
      { dimension: "match_size", value: "unknown", schedules: 1, never_received: 0, push_sends: 2 },
      { dimension: "platform", value: "ios", schedules: 1, never_received: null, push_sends: 2 },
    ]);
  }),
);

Deno.test(
  "concurrent rollup_webhook_health() of one day leaves one row",
  withSuite(async (suite) => {
    await addEvent(suite, await addDue(suite, 1));
    const answers = await Promise.all(Array.from({ length: 6 }, () => rollUp(suite)));
    strictEqual(new Set(answers.map((answer) => JSON.stringify(answer))).size, 1);
    strictEqual((await suite.sql`select 1 from public.webhook_health_metrics`).length, 1);
    strictEqual((await patterns(suite)).length, 4);
  }),
);

Deno.test(
  "concurrent ingest_events() adds each request to the day's counts, spread over rows, and loses none",
  withSuite(async (suite) => {
    const requests = Array.from({ length: 64 }, (_, index) => index);
    await Promise.all(
      requests.map((index) =>
        ingest(suite, {
          events: [event(`own-${index}`), event("shared")],
          rejects: index % 2 === 0 ? [reject(`{${index}`)] : [],
        })
      ),
    );
    const counts = only(
      await suite.sql`
      select sum(received)::int as received, sum(duplicates)::int as duplicates,
        sum(rejected)::int as rejected, count(*)::int as shards
      from public.webhook_daily_counts where date = ${DATE}`,
    );
    deepStrictEqual(
      [counts.received, counts.duplicates, counts.rejected],
      [64 * 2 + 32, 63, 32],
    );
    // 64 requests that all chose one row of sixteen: a chance of 16^-63.
    ok(Number(counts.shards) > 1, `${counts.shards} rows were written`);
    strictEqual((await suite.sql`select 1 from public.webhook_daily_counts`).length, counts.shards);
  }),
);
