/**
 * Writes a year of events and ledger rows by SQL: sent, attributed by the echo, each row with its schedule and its three
 * identifiers.
 *
 * The last ten days are the same in a history of any length, so that functions that read only them have equal work.
 */
import { addDays, subDays, subMonths } from "date-fns";
import { StackFailure } from "../local/lib/failure.ts";
import type { Sql } from "../local/stack/sql.ts";

const RECENT_DAYS = 10;
const RECENT_ROWS_A_DAY = 50;
const RECENT_EVENTS_A_ROW = 100;
/** The day of the rollup is a full matchday. */
export const MATCHDAY_ROWS = 150;
export const MATCHDAY_EVENTS_A_ROW = 25_000;
const MONTHS = 12;
const ROWS_AT_ONCE = 1_000;
const AT_ONCE = 2;
const FIRST_PAST_MATCH = 1;
const FIRST_RECENT_MATCH = 5_000_001;

export interface HistoryOptions {
  readonly campaignId: string;
  readonly events: number;
  readonly ledgerRows: number;
  readonly now: Date;
}

interface Period {
  readonly firstMatch: number;
  readonly rows: number;
  readonly from: Date;
  readonly until: Date;
  readonly events: number;
}

/** The periods of a history with their rows and events: each recent day, and the time before with the remainder. */
export function periodsOf({ events, ledgerRows, now }: HistoryOptions): Period[] {
  const today = new Date(`${now.toISOString().slice(0, 10)}T00:00:00Z`);
  const recent = Array.from({ length: RECENT_DAYS }, (_, day): Period => {
    const isYesterday = day === 0;
    const rows = isYesterday ? MATCHDAY_ROWS : RECENT_ROWS_A_DAY;
    return {
      firstMatch: FIRST_RECENT_MATCH + day * 1_000,
      rows,
      from: subDays(today, day + 1),
      until: addDays(subDays(today, day + 1), 1),
      events: rows * (isYesterday ? MATCHDAY_EVENTS_A_ROW : RECENT_EVENTS_A_ROW),
    };
  });
  const sum = (of: (period: Period) => number) =>
    recent.reduce((total, period) => total + of(period), 0);
  const past: Period = {
    firstMatch: FIRST_PAST_MATCH,
    rows: ledgerRows - sum(({ rows }) => rows),
    from: subMonths(today, MONTHS),
    until: subDays(today, RECENT_DAYS),
    events: events - sum((period) => period.events),
  };
  if (past.rows < 1 || past.events < past.rows) {
    throw new StackFailure(
      `Cannot create a history: it must hold more than ${
        sum((period) => period.events)
      } events and ${sum(({ rows }) => rows)} ledger rows, got ${events} and ${ledgerRows}`,
    );
  }
  return [...recent, past];
}

export async function writeHistory(sql: Sql, options: HistoryOptions): Promise<void> {
  for (let month = MONTHS; month >= 0; month--) {
    await sql`select private.ensure_partitions(${subMonths(options.now, month)})`;
  }
  const slices: { period: Period; first: number; last: number }[] = [];
  for (const period of periodsOf(options)) {
    await writeRows(sql, options.campaignId, period);
    for (let first = 0; first < period.rows; first += ROWS_AT_ONCE) {
      const last = Math.min(first + ROWS_AT_ONCE, period.rows);
      slices.push({ period, first, last });
    }
  }
  await sql`analyze public.schedule_ledger`;
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    for (let slice = slices.pop(); slice !== undefined; slice = slices.pop()) {
      const { period: { firstMatch, events, rows }, first, last } = slice;
      const upTo = (row: number) => Math.floor(events * row / rows);
      await writeEvents(sql, {
        firstMatch: firstMatch + first,
        lastMatch: firstMatch + last - 1,
        events: upTo(last) - upTo(first),
        rows: last - first,
      });
    }
  }));
  // A database that has run for a while has judged what its schedules explain, and has been vacuumed.
  await sql`delete from private.rejudgements`;
  await sql`vacuum (analyze) public.notification_sends`;
  await sql`vacuum (analyze)`;
  await sql`checkpoint`;
}

async function writeRows(
  sql: Sql,
  campaignId: string,
  { firstMatch, rows, from, until }: Period,
): Promise<void> {
  const seconds = (until.getTime() - from.getTime()) / 1_000;
  await sql.begin(async (tx) => {
    await tx`
      insert into public.matches (id, competition, home_team, away_team, kickoff_at, status)
      select ${firstMatch}::bigint + n, 'League', 'Home ' || n, 'Away ' || n,
        -- Several matches share each time.
        date_bin('30 minutes', ${from}::timestamptz + n * ${seconds}::float8 / ${rows}::int * interval '1 second', ${from}::timestamptz)
          + interval '1 hour', 'finished'
      from generate_series(0, ${rows}::int - 1) as n`;
    await tx`
      insert into public.schedule_ledger (id, match_id, campaign_id, generation, braze_schedule_id, dispatch_id, send_id,
        signature, send_at_utc, status, sent_confirmed_at, sent_evidence, created_at, updated_at)
      select md5('ledger' || id)::uuid, id, ${campaignId}, 1, md5('schedule' || id)::uuid::text, md5('dispatch' || id),
        'match-' || id, md5(id::text), kickoff_at - interval '1 hour', 'sent', kickoff_at - interval '59 minutes', 'push',
        kickoff_at - interval '3 days', kickoff_at
      from public.matches where id between ${firstMatch} and ${firstMatch + rows - 1}`;
    await tx`
      insert into public.braze_schedules (ledger_id, generation, campaign_id, braze_schedule_id, send_at_utc, state,
        first_event_at, created_at, updated_at)
      select id, 1, campaign_id, braze_schedule_id, send_at_utc, 'completed', sent_confirmed_at, created_at, updated_at
      from public.schedule_ledger where match_id between ${firstMatch} and ${
      firstMatch + rows - 1
    }`;
    await tx`
      insert into public.schedule_identifiers (kind, value, ledger_id, generation, source, first_seen_at)
      select identifier.kind, identifier.value, ledger.id, identifier.generation, identifier.source, ledger.created_at
      from public.schedule_ledger as ledger
      cross join lateral (values
        ('schedule_id', ledger.braze_schedule_id, 1, 'create'),
        ('dispatch_id', ledger.dispatch_id, 1, 'event'),
        ('send_id', ledger.send_id, null, 'create')
      ) as identifier (kind, value, generation, source)
      where ledger.match_id between ${firstMatch} and ${firstMatch + rows - 1}`;
  });
}

interface Slice {
  readonly firstMatch: number;
  readonly lastMatch: number;
  readonly events: number;
  readonly rows: number;
}

async function writeEvents(sql: Sql, slice: Slice): Promise<void> {
  const { firstMatch, lastMatch, events, rows } = slice;
  await sql`
    insert into public.notification_sends (
      sent_at, event_id, event_type, channel, external_user_id, device_id, match_id, ledger_id, generation, campaign_id,
      dispatch_id, send_id, received_at, time_kind, correlation_method, confidence, time_diff_ms,
      candidate_count, raw_payload)
    select event.sent_at, event.id, 'send', 'push', event.user_id, event.device_id, ledger.match_id, ledger.id, 1,
      ledger.campaign_id, ledger.dispatch_id, ledger.send_id, event.sent_at + interval '7 seconds', 'send', 'ledger_id',
      'high', extract(epoch from event.sent_at - ledger.send_at_utc) * 1000, 1,
      jsonb_build_object(
        'id', event.id, 'time', extract(epoch from event.sent_at)::bigint,
        'event_type', 'users.messages.pushnotification.Send',
        'user', jsonb_build_object('user_id', substr(md5(event.id), 1, 24), 'external_user_id', event.user_id,
          'device_id', event.device_id, 'timezone', 'Europe/London'),
        'properties', jsonb_build_object('app_id', 'aa110000-0000-4000-8000-000000000001', 'platform', 'ios',
          'campaign_id', ledger.campaign_id, 'message_variation_id', '', 'send_id', ledger.send_id,
          'dispatch_id', ledger.dispatch_id, 'message_extras', json_build_object('match_id', ledger.match_id::text,
            'ledger_id', ledger.id, 'generation', '1')::text))
    from public.schedule_ledger as ledger
    cross join lateral (
      -- The reference to the row makes Postgres generate other events for each row.
      select ledger.send_at_utc + n % 60 * interval '1 second' as sent_at, gen_random_uuid()::text as id,
        'user-' || (ledger.match_id * 7919 + n::bigint * 104729) % 500000 as user_id, gen_random_uuid()::text as device_id
      from generate_series(1, (${events}::bigint * (ledger.match_id - ${firstMatch}::bigint + 1) / ${rows}::bigint
        - ${events}::bigint * (ledger.match_id - ${firstMatch}::bigint) / ${rows}::bigint)::int) as n
      order by 1
    ) as event
    where ledger.match_id between ${firstMatch} and ${lastMatch}`;
}
