/**
 * The functions that run for every webhook request use index look-ups and never scan a table.
 *
 * Postgres itself counts the sequential scans of a transaction, under any plan: the first ones, made for
 * the given values, and the generic plan that is kept after a few calls.
 */
import { deepStrictEqual, ok } from "node:assert/strict";
import { columnsOf, event, proving } from "../events.ts";
import { CAMPAIGN, minutes, NOW, seconds, type Suite, withSuite } from "../fixtures.ts";
import { verdict } from "../rejudging.ts";

const ROWS = 20_000;
/** Postgres may keep a generic plan after five calls. */
const CALLS = 8;

/** A season of everything, one send a minute. */
async function fill({ sql }: Suite): Promise<void> {
  await sql.unsafe(`
    insert into public.matches (id, competition, home_team, away_team, kickoff_at)
    select id, 'League', 'Home', 'Away', '${NOW.toISOString()}'::timestamptz + id * interval '1 minute'
    from generate_series(1, ${ROWS}) as id;
    insert into public.schedule_ledger
      (match_id, campaign_id, generation, signature, send_at_utc, created_at, updated_at)
    select id, '${CAMPAIGN}', 1, 'signature', kickoff_at, now(), now() from public.matches;
    insert into public.braze_schedules
      (ledger_id, generation, campaign_id, braze_schedule_id, send_at_utc, state, created_at, updated_at)
    select id, 1, campaign_id, 'schedule-' || match_id, send_at_utc, 'live', now(), now()
    from public.schedule_ledger;
    insert into public.schedule_identifiers (kind, value, ledger_id, generation, source, first_seen_at)
    select kind, kind || '-' || ledger.match_id, ledger.id, 1, 'event', now()
    from public.schedule_ledger as ledger, unnest(array['dispatch_id', 'send_id']) as kind;
    insert into public.job_runs (run_id, function_name, caller, outcome, called_at)
    values ('00000000-0000-4000-8000-000000000001', 'braze-scheduler', 'secret_key', 'succeeded', now());
    insert into public.schedule_attempts
      (id, run_id, kind, reason, match_id, ledger_id, generation, request, opened_at, closed_at, outcome)
    select gen_random_uuid(), '00000000-0000-4000-8000-000000000001', 'create', 'plan', match_id, id, 1, '{}', now(), now(),
      'succeeded'
    from public.schedule_ledger;
    insert into private.unmanaged_schedules
    select 'theirs-' || id, 'theirs', '${NOW.toISOString()}'::timestamptz + id * interval '1 minute', now(), now()
    from generate_series(1, ${ROWS}) as id;
    insert into public.event_claims (event_id, sent_at, claimed_at)
    select 'claim-' || id, '${NOW.toISOString()}', now() from generate_series(1, ${ROWS}) as id;
    insert into public.notification_sends (sent_at, event_id, event_type, channel, campaign_id, dispatch_id,
      send_id, received_at, time_kind, correlation_method, confidence, raw_payload, external_user_id, device_id)
    select '${NOW.toISOString()}'::timestamptz + id * interval '1 second', 'event-' || id, 'send', 'push',
      '${CAMPAIGN}', 'dispatch_id-' || id, 'send_id-' || id, now(), 'send', 'no_candidate', 'none', '{}',
      case when id % 100 > 0 then 'fan-' || id % 2000 end, 'phone-' || id % 2000
    from generate_series(1, ${ROWS}) as id;
    insert into public.scheduler_logs (logged_at, function_name, action, reason, details)
    select now(), 'braze-webhook', 'low_confidence_correlation', 'r',
      jsonb_build_object('event_ids', jsonb_build_array('event-' || id))
    from generate_series(1, ${ROWS}) as id;
    insert into private.erased_events (digest, erased_at)
    select sha256(int4send(id)), now() from generate_series(1, ${ROWS}) as id;
    insert into private.erased_users (user_digest, pseudonym, device_key, anonymise_until, erased_at)
    select sha256(int4send(id)), 'erased-' || id, 'key', now(), now() from generate_series(1, ${ROWS}) as id;
    analyze;`);
}

const HOT_TABLES = [
  "matches",
  "schedule_ledger",
  "braze_schedules",
  "schedule_identifiers",
  "schedule_times",
  "schedule_attempts",
  "unmanaged_schedules",
  "event_claims",
  "erased_events",
  "erased_users",
  "scheduler_logs",
];
/** A check whether a table has any row is not a scan. */
const ROWS_A_CALL_MAX = 10;

/** The parameters of ingest_identified_events() but p_copies. */
const ORDER = [
  "p_kinds",
  "p_kind",
  "p_event_id",
  "p_sent_at",
  "p_claim",
  "p_external_user_id",
  "p_braze_user_id",
  "p_device_id",
  "p_payload",
  "p_window_seconds",
  "p_run_id",
  "p_now",
];

/** The tables that the calls scan. */
async function readThrough(
  { sql }: Suite,
  query: string,
  values: (call: number) => unknown[],
): Promise<string[]> {
  const session = await sql.reserve();
  const reads = async () => {
    const rows = await session<{ relname: string; scanned: string; looked_up: string }[]>`
      select relname, seq_tup_read as scanned, idx_scan as looked_up
      from pg_catalog.pg_stat_xact_user_tables
      where relname = any (${HOT_TABLES}) or relname like 'notification_sends%'`;
    return new Map(rows.map((row) => [row.relname, row]));
  };
  try {
    await session.unsafe("begin");
    // What the session has not yet reported of earlier transactions is counted in.
    const before = await reads();
    await session.unsafe("set local role service_role");
    for (let call = 0; call < CALLS; call++) {
      await session.unsafe(query, values(call) as never[]);
    }
    await session.unsafe("set local role none");
    const after = await reads();
    await session.unsafe("rollback");
    const grew = (column: "scanned" | "looked_up", most: number) =>
      [...after.keys()].filter((table) =>
        Number(after.get(table)?.[column]) - Number(before.get(table)?.[column] ?? 0) > most
      );
    ok(grew("looked_up", 0).length > 0, "something was looked up");
    return grew("scanned", CALLS * ROWS_A_CALL_MAX);
  } finally {
    session.release();
  }
}

Deno.test(
  "the hot path uses indexes on tables of any size",
  withSuite(async (suite) => {
    await fill(suite);
    const [known] = await suite.sql`
      select id from public.schedule_ledger where match_id = 777`;
    const ledgerId = known?.id;
    const [attempt] = await suite.sql`
      select id from public.schedule_attempts where ledger_id = ${ledgerId}`;
    const attemptId = attempt?.id;
    const dispatch = (call: number) => ({
      kind: "dispatch_id",
      value: `dispatch_id-${call + 100}`,
    });

    deepStrictEqual(
      {
        correlation_context: await readThrough(
          suite,
          `select public.correlation_context(
            array[$1::uuid], array[$2::bigint], array[$3::uuid], array[$4], $5, array[$6::timestamptz], 180
          )`,
          (call) => [
            ledgerId,
            call + 1,
            attemptId,
            CAMPAIGN,
            [dispatch(call)],
            minutes(call),
          ],
        ),
        ingest_events: await readThrough(
          suite,
          `select public.ingest_events($1, '[]', gen_random_uuid(), $2)`,
          (call) => [
            Array.from(
              { length: 100 },
              (_, index) =>
                proving(`new-${call}-${index}`, {
                  match_id: 777,
                  ledger_id: ledgerId,
                  generation: 1,
                }, {
                  claim: index % 2 === 0 ? "weak" : null,
                  identifiers: [
                    { ...dispatch(call), value: `new-${call}`, ledger_id: ledgerId, generation: 1 },
                  ],
                }),
            ),
            NOW,
          ],
        ),
        ingest_identified_events: await readThrough(
          suite,
          `select public.ingest_identified_events($1::jsonb, $2::integer[], $3::text[], $4::timestamptz[], $5::text[],
            $6::text[], $7::text[], $8::text[], $9::text[]::jsonb[], null, $10, $11, $12)`,
          (call) => {
            const events = Array.from(
              { length: 100 },
              // Sent twice, so that the registered identifiers are looked up.
              (_, index) => event(`named-${call >> 1}-${index}`, { sent_at: minutes(778) }),
            );
            const kind = {
              ledger_id: ledgerId,
              generation: 1,
              match_id: 777,
              attempt_id: attemptId,
              dispatch_id: `dispatch_id-777`,
              first_at: minutes(778),
              last_send_at: minutes(778),
            };
            const columns = columnsOf(kind, events, NOW);
            const { p_copies: _, p_payload, ...others } = columns;
            const payloads = p_payload.map((payload) => JSON.stringify(payload));
            return Object.entries({ ...others, p_payload: payloads })
              .toSorted(([a], [b]) => ORDER.indexOf(a) - ORDER.indexOf(b))
              .map(([, value]) => value);
          },
        ),
        load_rejudgements: await readThrough(
          suite,
          `with facts as (
             insert into private.rejudgements (kind, value, changed_at)
             values ('dispatch_id', 'dispatch_id-' || $1::int, $2), ('send_id', 'send_id-' || $1::int, $2),
               ('schedule_id', 'schedule-' || $1::int, $2), ('campaign', 'another', $2), ('ledger', $3, $2),
               ('time', ($2::timestamptz + interval '1 day')::text, $2)
           )
           select public.load_rejudgements(1000, $2)`,
          (call) => [call, NOW, ledgerId],
        ),
        store_rejudgements: await readThrough(
          suite,
          `select public.store_rejudgements('{}', $1, '[]', 'braze-webhook', gen_random_uuid(), $2)`,
          (call) => [
            [
              verdict(
                event(`event-${call + 100}`, { sent_at: seconds(call + 100) }),
                {
                  match_id: 777,
                  ledger_id: ledgerId,
                  generation: 1,
                  correlation_method: "dispatch_id",
                  confidence: "high",
                  timing: "in_window",
                  proof: "push",
                },
              ),
            ],
            NOW,
          ],
        ),
      },
      {
        correlation_context: [],
        ingest_events: [],
        ingest_identified_events: [],
        load_rejudgements: [],
        store_rejudgements: [],
      },
    );
  }),
);

Deno.test(
  "a person is erased by index look-ups, however much is stored and logged",
  withSuite(async (suite) => {
    await fill(suite);
    deepStrictEqual(
      await readThrough(
        suite,
        `select public.erase_user($1, 'Asked to', $2)`,
        (call) => [`fan-${call + 1}`, NOW],
      ),
      [],
    );
  }),
);
