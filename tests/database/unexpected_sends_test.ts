/** A send that nobody wanted: raised with the event that proves it, and over when nothing more can go out. */
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { event, ingest } from "./events.ts";
import { minutes, type OpenedCreate, scheduledMatch, type Suite, withSuite } from "./fixtures.ts";

/** Matches send 540 minutes after NOW. */
const SENT_AT = minutes(541);

function prove(suite: Suite, { ledger_id }: OpenedCreate, generation: number, now = SENT_AT) {
  return ingest(suite, {
    events: [event(`event-${generation}`, {
      sent_at: SENT_AT,
      match_id: 1001,
      ledger_id,
      generation,
      correlation_method: "ledger_id",
      confidence: "high",
    })],
    proofs: [{ ledger_id, generation, proof: "push", dispatch_id: null, send_id: null }],
    now,
  });
}

async function alerts({ sql }: Suite) {
  const rows = await sql`
    select fingerprint, severity, title, occurrences, match_id::int, resolved_at is null as is_open
    from public.alerts order by id`;
  return rows.map((row) => ({ ...row }));
}

/** As if a delete had been confirmed, and Braze had sent all the same. */
async function markDeleted({ sql }: Suite, { ledger_id }: OpenedCreate) {
  await sql`update public.braze_schedules set state = 'deleted' where ledger_id = ${ledger_id}`;
}

const deletedOnce = {
  fingerprint: "unexpected_send:1001:1",
  severity: "critical",
  title: "Match 1001 Home 1001–Away 1001: sent although it was deleted (schedule 1)",
  occurrences: 1,
  match_id: 1001,
  is_open: true,
};

Deno.test(
  "the first event of a deleted schedule raises unexpected_send, the ones that follow do not",
  withSuite(async (suite) => {
    const match = await scheduledMatch(suite);
    await markDeleted(suite, match);
    await prove(suite, match, 1);
    deepStrictEqual(await alerts(suite), [deletedOnce]);
    await prove(suite, match, 1, minutes(542));
    deepStrictEqual(await alerts(suite), [deletedOnce]);
  }),
);

Deno.test(
  "two requests at once that prove the same unwanted send raise one alert",
  withSuite(async (suite) => {
    const match = await scheduledMatch(suite);
    await markDeleted(suite, match);
    await Promise.all(Array.from({ length: 6 }, () => prove(suite, match, 1)));
    deepStrictEqual(await alerts(suite), [deletedOnce]);
  }),
);

Deno.test(
  "an old schedule that goes out beside its successor raises unexpected_send, the successor does not",
  withSuite(async (suite) => {
    const match = await scheduledMatch(suite);
    await suite.sql`
      insert into public.braze_schedules
        (ledger_id, generation, campaign_id, braze_schedule_id, send_at_utc, state, created_at, updated_at)
      select ledger_id, 2, campaign_id, 'schedule-1001-2', send_at_utc, 'live', created_at, updated_at
      from public.braze_schedules where ledger_id = ${match.ledger_id}`;
    await suite.sql`update public.schedule_ledger set generation = 2 where id = ${match.ledger_id}`;
    await prove(suite, match, 2);
    deepStrictEqual(await alerts(suite), []);
    await prove(suite, match, 1);
    deepStrictEqual((await alerts(suite)).map(({ title }) => title), [
      "Match 1001 Home 1001–Away 1001: an old schedule was sent (schedule 1)",
    ]);
  }),
);

Deno.test(
  "a schedule that Braze would not delete, of a match that was cancelled, raises unexpected_send",
  withSuite(async (suite) => {
    const match = await scheduledMatch(suite);
    await suite.sql`update public.schedule_ledger set status = 'cancelled', cancel_reason = 'plan'`;
    await suite.sql`update public.braze_schedules set state = 'unknown'`;
    await prove(suite, match, 1);
    deepStrictEqual(await alerts(suite), [{
      ...deletedOnce,
      title: "Match 1001 Home 1001–Away 1001: sent although it was cancelled (schedule 1)",
    }]);
  }),
);

Deno.test(
  "a wanted send raises nothing",
  withSuite(async (suite) => {
    await prove(suite, await scheduledMatch(suite), 1);
    deepStrictEqual(await alerts(suite), []);
  }),
);

Deno.test(
  "the alert is as durable as its event: when one is rolled back so is the other",
  withSuite(async (suite) => {
    const match = await scheduledMatch(suite);
    await markDeleted(suite, match);
    // What comes after the proof in the same transaction fails.
    const broken = { kind: "no such kind", value: "x", ledger_id: match.ledger_id, generation: 1 };
    await ingest(suite, {
      proofs: [{ ledger_id: match.ledger_id, generation: 1, proof: "push" }],
      identifiers: [broken],
    }).then(() => {
      throw new Error("Cannot test: the transaction must fail, and did not");
    }, () => {});
    deepStrictEqual(await alerts(suite), []);
    await prove(suite, match, 1);
    deepStrictEqual(await alerts(suite), [deletedOnce]);
  }),
);

function resolvePast({ call }: Suite, now: Date): Promise<number> {
  return call("resolve_past_alerts", { p_now: now });
}

Deno.test(
  "resolve_past_alerts() ends unexpected_send a day after the match's last send, not before",
  withSuite(async (suite) => {
    const match = await scheduledMatch(suite);
    await markDeleted(suite, match);
    await prove(suite, match, 1);
    const aDayLater = 541 + 24 * 60;
    strictEqual(await resolvePast(suite, minutes(aDayLater - 1)), 0);
    strictEqual(await resolvePast(suite, minutes(aDayLater + 1)), 1);
    strictEqual(await resolvePast(suite, minutes(aDayLater + 2)), 0);
    strictEqual((await alerts(suite))[0]?.is_open, false);
  }),
);

Deno.test(
  "resolve_past_alerts() leaves the alert of a match that may still send, or is not settled",
  withSuite(async (suite) => {
    const match = await scheduledMatch(suite);
    await markDeleted(suite, match);
    await prove(suite, match, 1);
    const later = minutes(541 + 48 * 60);
    await suite.sql`update public.braze_schedules set moving_to_utc = ${later}`;
    strictEqual(await resolvePast(suite, later), 0);
    await suite.sql`update public.braze_schedules set moving_to_utc = null`;
    await suite.sql`
      update public.schedule_ledger set status = 'pending', sent_evidence = null, sent_confirmed_at = null`;
    strictEqual(await resolvePast(suite, later), 0);
    await suite
      .sql`update public.schedule_ledger set status = 'cancelled', cancel_reason = 'operator'`;
    strictEqual(await resolvePast(suite, later), 1);
  }),
);

Deno.test(
  "resolve_past_alerts() touches no other rule",
  withSuite(async (suite) => {
    await scheduledMatch(suite);
    await suite
      .sql`update public.schedule_ledger set status = 'cancelled', cancel_reason = 'operator'`;
    await suite.sql`
      insert into public.alerts (fingerprint, rule, severity, audience, title, match_id, first_seen_at, last_seen_at)
      values ('x:1001', 'x', 'critical', 'admin', 'X', 1001, ${minutes(0)}, ${minutes(0)})`;
    strictEqual(await resolvePast(suite, minutes(10_000)), 0);
  }),
);
