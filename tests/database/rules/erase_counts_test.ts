/**
 * For any stored events and any erased users, the counts stay the same, and a repetition of all events changes nothing.
 */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { addSeconds } from "date-fns";
import fc from "fast-check";
import { tracesOf } from "../../support/traces.ts";
import { event, ingest, type StoredEvent } from "../events.ts";
import { CAMPAIGN, minutes, NOW, type Suite, withSuite } from "../fixtures.ts";
import { addDue, DUE, type DueMatch, EVENING, openOf, rollUp } from "../health.ts";

const RUNS = 25;

const USERS = [
  "ann@example.org",
  'ben "the" \\ user',
  "ünï çödé 🎟",
  "dora.*|(x)",
  "%_eve",
  "7000000001",
];
const MATCHES = [1001, 1002, 1003];

const anEvent = fc.record({
  // Few people and mostly one match, so that some users get its push twice.
  user: fc.option(fc.constantFrom(0, 0, 1, 1, 2, 3, 4, 5)),
  device: fc.option(fc.nat(3)),
  match: fc.option(fc.constantFrom(0, 0, 0, 1, 2)),
  type: fc.constantFrom("send", "send", "send", "open", "bounce", "abort"),
  channel: fc.constantFrom("push", "push", "push", "webhook", "email"),
  confidence: fc.constantFrom("high", "high", "medium", "low"),
  generation: fc.constantFrom(1, 1, 2),
  dispatch: fc.constantFrom("dispatch-a", "dispatch-b"),
  platform: fc.constantFrom("ios", "android", undefined),
  nested: fc.boolean(),
  strong: fc.boolean(),
  late: fc.nat(3),
}, { noNullPrototype: true });

const aWorld = fc.record({
  events: fc.array(anEvent, { minLength: 3, maxLength: 40 }),
  erased: fc.uniqueArray(fc.constantFrom(...USERS), { minLength: 1 }),
  again: fc.array(fc.nat()),
}, { noNullPrototype: true });

type AnEvent = typeof anEvent extends fc.Arbitrary<infer T> ? T : never;
type AWorld = typeof aWorld extends fc.Arbitrary<infer T> ? T : never;

function aSend(user: 0 | 1, generation: 1 | 2): AnEvent {
  return {
    user,
    device: 1,
    match: 0,
    type: "send",
    channel: "push",
    confidence: "high",
    generation,
    dispatch: generation === 1 ? "dispatch-a" : "dispatch-b",
    platform: "ios",
    nested: false,
    strong: true,
    late: generation,
  };
}

/** Ann gets two pushes for one match, in addition to the random events. */
const SENT_TWICE: AWorld = {
  events: [aSend(0, 1), aSend(0, 2), aSend(1, 1)],
  erased: [USERS[0]!],
  again: [],
};

function build(drawn: AnEvent, index: number, matches: readonly DueMatch[]): StoredEvent {
  const match = drawn.match === null ? null : matches[drawn.match]!;
  const user = drawn.user === null ? null : USERS[drawn.user]!;
  // Some devices are one user's, one is shared.
  const device = drawn.device === null
    ? null
    : drawn.device === 0
    ? "shared tablet"
    : `phone ${drawn.device} of ${user}`;
  const said = {
    external_user_id: user,
    device_id: device,
    platform: drawn.platform,
    ...(drawn.type === "abort" ? { abort_type: "liquid_abort_message" } : {}),
  };
  const id = index % 5 === 0 ? `event ${index} of ${user}` : `event-${index}`;
  return event(id, {
    sent_at: addSeconds(DUE, drawn.late),
    claim: drawn.strong ? "strong" : null,
    event_type: drawn.type,
    channel: drawn.channel,
    external_user_id: user,
    device_id: device,
    match_id: match?.matchId ?? null,
    ledger_id: match?.ledgerId ?? null,
    generation: match === null ? null : drawn.generation,
    dispatch_id: drawn.dispatch,
    correlation_method: match === null
      ? "no_candidate"
      : drawn.confidence === "low"
      ? "time_window"
      : "match_id",
    confidence: match === null ? "none" : drawn.confidence,
    raw_payload: drawn.nested ? { id, properties: said } : { id, ...said },
  });
}

/** All counts and findings that are derived from events, computed again. */
async function counted(suite: Suite) {
  const { sql, call } = suite;
  const { created_at: _created, updated_at: _updated, duplicates: _, ...health } = await rollUp(
    suite,
  );
  return {
    ledger: [
      ...await sql`select match_id, status, actual_send_count, double_push_users from public.schedule_ledger order by match_id`,
    ],
    counts: [
      ...await sql`
        select (to_jsonb(counted) - array['first_received_at', 'last_received_at', 'delays', 'first_delay_ms', 'platforms'])
          as counts
        from public.match_counts as counted order by ledger_id, generation`,
    ],
    verification: [...await sql`select * from public.match_verification order by match_id`],
    alerts: (await openOf(suite, "double_push")).map(({ details }) => ({
      ...details,
      sample_users: null,
    })),
    health,
    patterns: [
      ...await sql`select * from public.webhook_health_patterns order by dimension, value`,
    ],
    timelines: await Promise.all(MATCHES.map(async (id) => {
      const timeline = await call<{ kind: string }[]>("match_timeline", { p_match_id: id });
      return timeline.filter(({ kind }) => kind === "events");
    })),
    quality: await call("judge_event_quality", { p_low_confidence_share_max: 0.2, p_now: EVENING }),
    open: await call("load_unattributed_sends", {
      p_campaign_id: CAMPAIGN,
      p_from: NOW,
      p_until: EVENING,
      p_guard_seconds: 180,
    }),
  };
}

async function empty({ sql }: Suite): Promise<void> {
  await sql`
    truncate public.notification_sends, public.event_claims, public.alerts, public.scheduler_logs,
      public.webhook_daily_counts, private.erased_users, private.erased_ids, private.erased_events, public.operator_actions`;
  await sql`
    update public.schedule_ledger
    set status = 'pending', sent_evidence = null, sent_confirmed_at = null, actual_send_count = null, double_push_users = null, counted_at = null`;
  await sql`update public.braze_schedules set first_event_at = null`;
}

async function othersThan({ sql }: Suite, erased: readonly string[]) {
  return [
    ...await sql`
      select * from public.notification_sends
      where external_user_id <> all (${erased as string[]}) and external_user_id not like 'erased-%'
      order by sent_at, event_id`,
  ];
}

Deno.test(
  "counts are the same before an erasure, after it, and after every event is received again",
  withSuite(async (suite) => {
    const matches: DueMatch[] = [];
    for (const id of MATCHES) {
      matches.push(await addDue(suite, id, { generation: 2, expected_send_count: 4 }));
    }
    let [worlds, doubles] = [0, 0];
    await fc.assert(
      fc.asyncProperty(aWorld, async (world) => {
        await empty(suite);
        const events = world.events.map((drawn, index) => build(drawn, index, matches));
        strictEqual((await ingest(suite, { events, now: minutes(500) })).recorded, events.length);
        const before = await counted(suite);
        const others = await othersThan(suite, world.erased);

        for (const user of world.erased) {
          await suite.call("erase_user", {
            p_external_user_id: user,
            p_reason: "Asked to",
            p_now: minutes(600),
            p_anonymise_until: NOW,
          });
        }
        deepStrictEqual(await counted(suite), before);
        deepStrictEqual(await tracesOf(suite.sql, ...world.erased), []);

        await suite.sql`delete from public.event_claims`;
        // A message without its own time is repeated with another time; for other events that would be a new event.
        const isGone = ({ external_user_id, claim }: StoredEvent) =>
          claim === "strong" && world.erased.includes(String(external_user_id));
        const again = events
          .map((drawn) =>
            isGone(drawn) ? { ...drawn, sent_at: addSeconds(drawn.sent_at, 30) } : drawn
          )
          .map((drawn, index) => ({ drawn, place: world.again[index] ?? index }))
          .sort((a, b) => a.place - b.place)
          .map(({ drawn }) => drawn);
        for (const half of [again.slice(0, again.length / 2), again.slice(again.length / 2)]) {
          const receipt = await ingest(suite, { events: half, now: minutes(700) });
          deepStrictEqual([receipt.received, receipt.recorded], [half.length, 0]);
        }
        deepStrictEqual(await counted(suite), before);
        deepStrictEqual(await tracesOf(suite.sql, ...world.erased), []);
        deepStrictEqual(await othersThan(suite, world.erased), others);
        worlds++;
        if (before.alerts.length > 0) doubles++;
      }),
      { numRuns: RUNS, examples: [[SENT_TWICE]] },
    );
    ok(worlds >= RUNS && doubles > 0, `${worlds} worlds, ${doubles} with double pushes`);
  }),
);
