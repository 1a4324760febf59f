import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { event, ingest, proving, type Receipt, reject } from "./events.ts";
import { minutes, NOW, only, scheduledMatch, seconds, type Suite, withSuite } from "./fixtures.ts";

function counts(receipt: Receipt) {
  const { received, recorded, duplicates, rejected } = receipt;
  return { received, recorded, duplicates, rejected };
}

async function stored({ sql }: Suite): Promise<Record<string, unknown>[]> {
  return [...await sql`select * from public.notification_sends order by event_id, sent_at`];
}

async function rejected({ sql }: Suite): Promise<Record<string, unknown>[]> {
  return [
    ...await sql`
      select convert_from(body, 'UTF8') as body, reason, content_type, occurrences,
        first_received_at, last_received_at
      from public.webhook_rejects order by body`,
  ];
}

Deno.test(
  "ingest_events() stores every column of an event and when it was received",
  withSuite(async (suite) => {
    const { ledger_id } = await scheduledMatch(suite);
    const complete = event("e1", {
      time_kind: "occurrence",
      braze_user_id: "braze-user-1",
      canvas_id: "canvas-1",
      echoed_ledger_id: "not-one",
      echoed_match_id: "Arsenal",
      echoed_generation: "1st",
      echoed_attempt_id: "",
      has_foreign_extras: true,
      match_id: 1001,
      ledger_id,
      generation: 1,
      braze_schedule_id: "schedule-1",
      dispatch_id: "d1",
      send_id: "s1",
      timing: "moved_away",
      correlation_method: "time_window",
      confidence: "low",
      time_diff_ms: -23_000,
      candidate_count: 2,
      candidate_match_ids: [1001, 1002],
      raw_payload: { id: "e1", properties: { "ключ": [1.10, null] } },
    });
    await ingest(suite, { events: [complete], now: seconds(3) });
    const { claim: _, identifiers: _i, ...columns } = complete;
    deepStrictEqual(only(await stored(suite)), {
      ...columns,
      received_at: seconds(3),
      match_id: "1001",
      time_diff_ms: "-23000",
      candidate_match_ids: ["1001", "1002"],
    });
  }),
);

Deno.test(
  "ingest_events() counts by confidence, and its counts add up",
  withSuite(async (suite) => {
    const { ledger_id } = await scheduledMatch(suite);
    const known = { match_id: 1001, ledger_id, generation: 1 };
    const events = [
      event("h1", { ...known, confidence: "high", correlation_method: "ledger_id" }),
      event("h2", { ...known, confidence: "high", correlation_method: "dispatch_id" }),
      event("m1", { ...known, confidence: "medium", correlation_method: "time_exact" }),
      event("l1", { ...known, confidence: "low", correlation_method: "time_window" }),
      event("n1"),
      event("n1"),
      event("far", { sent_at: new Date("2001-01-01T00:00:00Z") }),
    ];
    deepStrictEqual(await ingest(suite, { events, rejects: [reject("{")] }), {
      received: 8,
      recorded: 5,
      duplicates: 1,
      rejected: 2,
      high: 2,
      medium: 1,
      low: 1,
      unattributed: 1,
      registered: 0,
    });
  }),
);

Deno.test(
  "ingest_events() of a repeated batch with new events stores only the new ones",
  withSuite(async (suite) => {
    const events = ["a", "b", "c"].map((id) => event(id));
    await ingest(suite, { events });
    const again = [event("d"), ...events.toReversed()];
    deepStrictEqual(counts(await ingest(suite, { events: again, now: minutes(30) })), {
      received: 4,
      recorded: 1,
      duplicates: 3,
      rejected: 0,
    });
    const received = (await stored(suite)).map(({ received_at }) => received_at);
    deepStrictEqual(received, [NOW, NOW, NOW, minutes(30)], "the first receipt stays");
  }),
);

Deno.test(
  "ingest_events() keeps events outside all partitions unchanged as rejects, and stores the others of the batch",
  withSuite(async (suite) => {
    const far = event("far", { sent_at: new Date("2001-02-03T04:05:06Z") });
    const batch = { events: [event("near"), far] };
    const receipt = { received: 2, recorded: 1, duplicates: 0, rejected: 1 };
    deepStrictEqual(counts(await ingest(suite, batch)), receipt);
    deepStrictEqual(await rejected(suite), [{
      body: '{"id": "far"}',
      reason: "No partition of notification_sends holds 2001-02-03 04:05:06 UTC",
      content_type: "application/json",
      occurrences: 1,
      first_received_at: NOW,
      last_received_at: NOW,
    }]);
  }),
);

Deno.test(
  "ingest_events() selects the partition by the instant, up to its first and last one",
  withSuite(async (suite) => {
    const [edges] = await suite.sql`
      select min(starts_at) as first, max(ends_at) as last from private.event_partitions
      where starts_at < ${minutes(60 * 24 * 200)}`;
    const justBefore = (time: Date) => new Date(time.getTime() - 1);
    const receipt = await ingest(suite, {
      events: [
        event("in-1", { sent_at: edges?.first }),
        event("in-2", { sent_at: justBefore(edges?.last) }),
        event("out-1", { sent_at: justBefore(edges?.first) }),
        event("out-2", { sent_at: edges?.last }),
      ],
    });
    deepStrictEqual([receipt.recorded, receipt.rejected], [2, 2]);
    deepStrictEqual((await stored(suite)).map(({ event_id }) => event_id), ["in-1", "in-2"]);
  }),
);

Deno.test(
  "ingest_events() lets only stored events prove and teach: no duplicate, and none outside the partitions",
  withSuite(async (suite) => {
    const target = await scheduledMatch(suite);
    const identifiers = [{ kind: "dispatch_id", value: "d1", ...target }];
    const known = () =>
      suite.sql`select value from public.schedule_identifiers where kind = 'dispatch_id'`;
    const status = async () =>
      only(await suite.sql`select status from public.schedule_ledger`).status;

    await ingest(suite, { events: [event("a")] });
    const receipt = await ingest(suite, {
      events: [
        proving("a", target, { identifiers }),
        proving("far", target, { identifiers, sent_at: new Date("2001-01-01T00:00:00Z") }),
      ],
    });
    deepStrictEqual([receipt.duplicates, receipt.rejected, receipt.registered], [1, 1, 0]);
    deepStrictEqual([await status(), [...await known()]], ["pending", []]);

    const stored = await ingest(suite, { events: [proving("b", target, { identifiers })] });
    deepStrictEqual([stored.recorded, stored.registered], [1, 1]);
    deepStrictEqual([await status(), (await known()).length], ["sent", 1]);
  }),
);

Deno.test(
  "ingest_events() counts a repeated reject, and keeps bytes that are not text",
  withSuite(async (suite) => {
    const bytes = { body_base64: btoa("\x00\xff{"), reason: "Not JSON", content_type: null };
    await ingest(suite, { rejects: [bytes, reject("{"), reject("{")] });
    await ingest(suite, { rejects: [reject("{", "Still not JSON")], now: minutes(5) });
    const rows = await suite.sql`
      select body, reason, occurrences, first_received_at, last_received_at
      from public.webhook_rejects order by body`;
    deepStrictEqual(rows.map((row) => [[...row.body as Uint8Array], row.occurrences]), [
      [[0x00, 0xff, 0x7b], 1],
      [[0x7b], 3],
    ]);
    deepStrictEqual(
      [rows[1]?.reason, rows[1]?.first_received_at, rows[1]?.last_received_at],
      ["Still not JSON", NOW, minutes(5)],
    );
  }),
);

const claimed = (strength: "strong" | "weak", sentAt: Date) =>
  event("hash-1", { claim: strength, channel: "webhook", sent_at: sentAt });

for (const strength of ["strong", "weak"] as const) {
  Deno.test(
    `ingest_events() lets the retry of a ${strength} identity match the first delivery`,
    withSuite(async (suite) => {
      await ingest(suite, { events: [claimed(strength, NOW)] });
      for (const later of [minutes(1), minutes(45)]) {
        const receipt = await ingest(suite, { events: [claimed(strength, later)], now: later });
        strictEqual(receipt.duplicates, 1);
      }
      deepStrictEqual(only(await stored(suite)).sent_at, NOW);
    }),
  );
}

Deno.test(
  "ingest_events() stores a weak identity as another send if it arrives after all retries",
  withSuite(async (suite) => {
    const later = seconds(45 * 60 + 1);
    await ingest(suite, { events: [claimed("weak", NOW)] });
    const receipt = await ingest(suite, { events: [claimed("weak", later)], now: later });
    deepStrictEqual([receipt.recorded, receipt.duplicates], [1, 0]);
    const retry = minutes(60);
    strictEqual(
      (await ingest(suite, { events: [claimed("weak", retry)], now: retry })).duplicates,
      1,
      "its own retry meets it",
    );
    deepStrictEqual((await stored(suite)).map(({ sent_at }) => sent_at), [NOW, later]);
  }),
);

Deno.test(
  "ingest_events() stores an identity once that occurs twice in one request",
  withSuite(async (suite) => {
    const twice = [claimed("weak", NOW), claimed("weak", NOW)];
    const receipt = await ingest(suite, { events: twice });
    deepStrictEqual([receipt.recorded, receipt.duplicates], [1, 1]);
  }),
);

Deno.test(
  "ingest_events() recognises a strong identity as long as its claim is kept",
  withSuite(async (suite) => {
    await ingest(suite, { events: [claimed("strong", NOW)] });
    const later = minutes(2 * 24 * 60);
    const receipt = await ingest(suite, { events: [claimed("strong", later)], now: later });
    strictEqual(receipt.duplicates, 1);
  }),
);

Deno.test(
  "ingest_events() writes no claim for an event with its own time",
  withSuite(async (suite) => {
    await ingest(suite, { events: [event("e1")] });
    deepStrictEqual([...await suite.sql`select * from public.event_claims`], []);
    const receipt = await ingest(suite, { events: [event("e1", { sent_at: seconds(1) })] });
    strictEqual(receipt.recorded, 1, "another time is another event");
  }),
);

Deno.test(
  "ingest_events() logs low-confidence attributions once for each match and method",
  withSuite(async (suite) => {
    const { ledger_id } = await scheduledMatch(suite);
    const low = {
      match_id: 1001,
      ledger_id,
      generation: 1,
      confidence: "low",
      correlation_method: "time_window",
      candidate_count: 2,
      candidate_match_ids: [1001, 1002],
    };
    const batch = { events: [event("b", low), event("a", low), event("c")] };
    await ingest(suite, batch);
    await ingest(suite, batch);
    const log = only(await suite.sql`select * from public.scheduler_logs`);
    deepStrictEqual(
      [log.function_name, log.action, log.reason, log.match_id, log.logged_at],
      [
        "braze-webhook",
        "low_confidence_correlation",
        "Matched via time_window",
        "1001",
        NOW,
      ],
    );
    deepStrictEqual(log.details, {
      correlation_method: "time_window",
      confidence: "low",
      events: 2,
      event_ids: ["a", "b"],
      candidate_match_ids: [1001, 1002],
    });
  }),
);

Deno.test(
  "ingest_events() stores a whole batch or none of it",
  withSuite(async (suite) => {
    const broken = event("bad", { confidence: "certain" });
    await ingest(suite, { events: [event("good"), broken], rejects: [reject("{")] }).then(
      () => {
        throw new Error("Cannot go on: a confidence that does not exist must be refused");
      },
      ({ code }) => strictEqual(code, "22P02"),
    );
    deepStrictEqual([await stored(suite), await rejected(suite)], [[], []]);
  }),
);
