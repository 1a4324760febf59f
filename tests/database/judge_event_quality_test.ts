import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { event, ingest, type StoredEvent } from "./events.ts";
import { minutes, NOW, scheduledMatch, type Suite, withSuite } from "./fixtures.ts";

interface Judged {
  readonly fingerprint: string;
  readonly rule: string;
  readonly severity: string;
  readonly audience: string;
  readonly title: string;
  readonly details: Readonly<Record<string, unknown>>;
  readonly match_id: number | null;
}

function judge({ call }: Suite, now = minutes(60), shareMax = 0.2): Promise<Judged[]> {
  return call("judge_event_quality", { p_low_confidence_share_max: shareMax, p_now: now });
}

const times = <T>(count: number, make: (index: number) => T) =>
  Array.from({ length: count }, (_, index) => make(index));

async function store(suite: Suite, events: readonly StoredEvent[], now = NOW): Promise<void> {
  await ingest(suite, { events, now });
}

/** 80 sure events and 20 others: just not too many. */
async function storeMix(
  suite: Suite,
  { ledger_id }: { readonly ledger_id: string },
  odd: { readonly low?: number; readonly none?: number },
  of = 100,
): Promise<void> {
  const { low = 0, none = 0 } = odd;
  const tied = { match_id: 1001, ledger_id, generation: 1 };
  await store(suite, [
    ...times(
      of - low - none,
      (index) =>
        event(`sure-${index}`, { ...tied, correlation_method: "ledger_id", confidence: "high" }),
    ),
    ...times(
      low,
      (index) =>
        event(`low-${index}`, { ...tied, correlation_method: "time_window", confidence: "low" }),
    ),
    ...times(none, (index) => event(`none-${index}`, { correlation_method: "tie" })),
  ]);
}

Deno.test(
  "low_confidence_share is judged bad above the limit, counting low and unattributed alike",
  withSuite(async (suite) => {
    const match = await scheduledMatch(suite);
    await storeMix(suite, match, { low: 10, none: 11 });
    deepStrictEqual(await judge(suite), [{
      fingerprint: "low_confidence_share:push",
      rule: "low_confidence_share",
      severity: "warning",
      audience: "admin",
      title: "21 of 100 push events of the last 2 hours have no match or low confidence (21%)",
      details: {
        events: 100,
        low: 10,
        unattributed: 11,
        share: 0.21,
        share_max: 0.2,
      },
      match_id: null,
    }]);
    deepStrictEqual(await judge(suite, minutes(60), 0.21), []);
  }),
);

for (
  const [what, odd, of] of [
    ["just at the limit", { low: 10, none: 10 }, 100],
    ["of too few events", { none: 99 }, 99],
  ] as const
) {
  Deno.test(
    `low_confidence_share raises nothing ${what}`,
    withSuite(async (suite) => {
      await storeMix(suite, await scheduledMatch(suite), odd, of);
      deepStrictEqual(await judge(suite), []);
    }),
  );
}

for (
  const [what, fields] of [
    ["another campaign", { correlation_method: "other_campaign" }],
    ["tests", { correlation_method: "test_send" }],
    ["opens that carry no id", { event_type: "open" }],
    ["influenced opens that carry no id", { event_type: "influencedopen" }],
    ["the webhook channel", { channel: "webhook" }],
    ["long ago, handed in now", { sent_at: minutes(-60 * 24 * 3) }],
  ] as const
) {
  Deno.test(
    `low_confidence_share does not count events of ${what}`,
    withSuite(async (suite) => {
      await store(suite, times(150, (index) => event(`event-${index}`, fields)));
      deepStrictEqual(await judge(suite), []);
    }),
  );
}

Deno.test(
  "low_confidence_share counts opens that carry an id",
  withSuite(async (suite) => {
    const opens = times(
      100,
      (index) => event(`event-${index}`, { event_type: "open", dispatch_id: "unknown" }),
    );
    await store(suite, opens);
    deepStrictEqual((await judge(suite)).map(({ rule }) => rule), ["low_confidence_share"]);
  }),
);

Deno.test(
  "low_confidence_share judges the events received in the last 2 hours",
  withSuite(async (suite) => {
    await storeMix(suite, await scheduledMatch(suite), { none: 50 });
    strictEqual((await judge(suite, minutes(119))).length, 1);
    deepStrictEqual(await judge(suite, minutes(121)), []);
  }),
);

/** Matches send 540 minutes after NOW. */
const SEND_MINUTE = 540;

async function sentMatch(suite: Suite, reported: number | null, events: number): Promise<string> {
  const { ledger_id } = await scheduledMatch(suite);
  await suite.sql`update public.schedule_ledger set braze_reported_count = ${reported}`;
  const tied = { match_id: 1001, ledger_id, generation: 1 };
  const sends = times(events, (index) =>
    event(`send-${index}`, {
      ...tied,
      sent_at: minutes(SEND_MINUTE),
      correlation_method: "ledger_id",
      confidence: "high",
    }));
  await store(suite, sends, minutes(SEND_MINUTE));
  return ledger_id;
}

const AN_HOUR_LATER = minutes(SEND_MINUTE + 60);

for (
  const [events, severity] of [[94, "warning"], [49, "critical"], [0, "critical"]] as const
) {
  Deno.test(
    `missing_webhooks is judged ${severity} with ${events} events of 100`,
    withSuite(async (suite) => {
      await sentMatch(suite, 100, events);
      const [judged, ...more] = await judge(suite, AN_HOUR_LATER);
      deepStrictEqual(more, []);
      deepStrictEqual(
        [judged?.fingerprint, judged?.severity, judged?.audience, judged?.match_id],
        ["missing_webhooks:1001", severity, "admin", 1001],
      );
      strictEqual(
        judged?.title,
        `Match 1001 Home 1001–Away 1001: Braze counts 100 pushes, events arrived for ${events}`,
      );
      strictEqual(judged?.details.delta_share, (100 - events) / 100);
    }),
  );
}

for (
  const [what, reported, events] of [
    ["within 5%", 100, 95],
    ["where Braze reported nothing yet", null, 0],
    ["if Braze sent to no user", 0, 0],
  ] as const
) {
  Deno.test(
    `missing_webhooks raises nothing ${what}`,
    withSuite(async (suite) => {
      await sentMatch(suite, reported, events);
      deepStrictEqual(await judge(suite, AN_HOUR_LATER), []);
    }),
  );
}

Deno.test(
  "missing_webhooks waits an hour for events, and then checks for a day",
  withSuite(async (suite) => {
    await sentMatch(suite, 100, 0);
    deepStrictEqual(await judge(suite, minutes(SEND_MINUTE + 59)), []);
    strictEqual((await judge(suite, minutes(SEND_MINUTE + 24 * 60 - 1))).length, 1);
    deepStrictEqual(await judge(suite, minutes(SEND_MINUTE + 24 * 60)), []);
  }),
);

Deno.test(
  "missing_webhooks stays open as long as the events are missing",
  withSuite(async (suite) => {
    const ledgerId = await sentMatch(suite, 100, 0);
    const alerts = await judge(suite, AN_HOUR_LATER);
    await suite.call("raise_alerts", { p_alerts: alerts, p_now: AN_HOUR_LATER });
    const daysLater = minutes(SEND_MINUTE + 72 * 60);
    strictEqual((await judge(suite, daysLater)).length, 1);
    const imported = times(100, (index) =>
      event(`late-${index}`, {
        match_id: 1001,
        ledger_id: ledgerId,
        generation: 1,
        sent_at: minutes(SEND_MINUTE),
        correlation_method: "ledger_id",
        confidence: "high",
      }));
    await store(suite, imported, daysLater);
    deepStrictEqual(await judge(suite, daysLater), []);
  }),
);

Deno.test(
  "missing_webhooks does not count events as missing that were received and may belong to another match",
  withSuite(async (suite) => {
    await sentMatch(suite, 100, 10);
    const open = (count: number, from = 0) =>
      times(count, (index) =>
        event(`open-${from + index}`, {
          sent_at: minutes(SEND_MINUTE + 1),
          correlation_method: "tie",
          candidate_count: 2,
          candidate_match_ids: [1001, 1002],
        }));
    await store(suite, open(70), minutes(SEND_MINUTE + 1));
    const [judged] = await judge(suite, AN_HOUR_LATER, 1);
    match(judged?.title ?? "", /arrived for at most 80$/);
    strictEqual(judged?.severity, "warning");
    await store(suite, open(20, 70), minutes(SEND_MINUTE + 1));
    deepStrictEqual(await judge(suite, AN_HOUR_LATER, 1), []);
  }),
);
