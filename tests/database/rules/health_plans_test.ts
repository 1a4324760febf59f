/**
 * The cost of a count depends on its match, not on the day or the history; what judges or adds up counts reads no events.
 *
 * Postgres itself counts the rows that a transaction reads from each partition, under any plan.
 */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { CAMPAIGN, minutes, NOW, only, type Suite, withSuite } from "../fixtures.ts";
import { DATE, EVENING } from "../health.ts";

const EVENTS = 100_000;
/** The first of these have events; Postgres scans a small table even when it has indexes. */
const LEDGER_ROWS = 10_000;
const MATCHES = 500;
/** Over which the events lie: November to January, three partitions. */
const DAYS = 85;

/** Five or six matches a day, 200 events each. */
async function fill({ sql }: Suite): Promise<void> {
  await sql.unsafe(`
    insert into public.matches (id, competition, home_team, away_team, kickoff_at)
    select id, 'League', 'Home', 'Away', '2024-11-04Z'::timestamptz + id * interval '${DAYS} days' / ${MATCHES}
    from generate_series(1, ${LEDGER_ROWS}) as id;
    insert into public.schedule_ledger
      (match_id, campaign_id, generation, signature, send_at_utc, created_at, updated_at)
    select id, '${CAMPAIGN}', 1, 's', kickoff_at - interval '1 hour', kickoff_at - interval '7 days', kickoff_at
    from public.matches;
    insert into public.notification_sends (sent_at, event_id, event_type, channel, external_user_id, device_id,
      match_id, ledger_id, generation, campaign_id, dispatch_id, received_at, time_kind,
      correlation_method, confidence, raw_payload)
    select ledger.send_at_utc + number % 60 * interval '1 second', 'event-' || number,
      case when number % 20 = 0 then 'open' else 'send' end, 'push', 'user-' || number, 'device-' || number,
      ledger.match_id, ledger.id, 1, '${CAMPAIGN}', 'dispatch-' || ledger.match_id,
      ledger.send_at_utc + interval '2 minutes',
      (case when number % 20 = 0 then 'occurrence' else 'send' end)::public.time_kind, 'match_id', 'high',
      '{"properties": {"platform": "ios"}}'
    from generate_series(1, ${EVENTS}) as number
    join public.schedule_ledger as ledger on ledger.match_id = 1 + number % ${MATCHES};
    insert into public.scheduler_logs (logged_at, function_name, action, reason)
    select '2024-12-07Z', 'f', 'a', 'r' from generate_series(1, 1000);
    analyze;`);
}

/** The planner itself looks at the ends of an index, once a call. */
const CALLS = 7;
const PLANNER_READS_MAX = 2 * CALLS;

interface Reads {
  /** Rows read by scanning a table or partition of events. */
  readonly scanned: number;
  /** Rows fetched by an index, of events. */
  readonly fetched: number;
  /** Partitions of which anything was read. */
  readonly partitions: string[];
  readonly ledgerScans: number;
}

async function readsOf({ sql }: Suite, query: string): Promise<Reads> {
  const session = await sql.reserve();
  const rows = async () =>
    await session<{ relname: string; scanned: number; fetched: number }[]>`
      select relname, coalesce(seq_tup_read, 0)::int as scanned, coalesce(idx_tup_fetch, 0)::int as fetched
      from pg_catalog.pg_stat_xact_user_tables
      where relname like 'notification_sends%' or relname = 'schedule_ledger'`;
  try {
    await session.unsafe("begin");
    const before = new Map((await rows()).map((row) => [row.relname, row]));
    await session.unsafe("set local role service_role");
    await session.unsafe(query);
    await session.unsafe("set local role none");
    const read = (await rows()).map((row) => ({
      relname: row.relname,
      scanned: row.scanned - (before.get(row.relname)?.scanned ?? 0),
      fetched: row.fetched - (before.get(row.relname)?.fetched ?? 0),
    }));
    await session.unsafe("rollback");
    const events = read.filter(({ relname }) => relname !== "schedule_ledger");
    const sum = (name: "scanned" | "fetched") =>
      events.reduce((total, row) => total + row[name], 0);
    return {
      scanned: sum("scanned"),
      fetched: sum("fetched"),
      partitions: events.filter((row) => row.scanned + row.fetched > PLANNER_READS_MAX).map((
        { relname },
      ) => relname).sort(),
      ledgerScans: read.find(({ relname }) => relname === "schedule_ledger")?.scanned ?? 0,
    };
  } finally {
    session.release();
  }
}

Deno.test(
  "a count reads the events of its match by index, in one partition only, and what judges numbers reads none",
  withSuite(async (suite) => {
    await suite.sql`select private.ensure_partitions('2025-01-15Z')`;
    await fill(suite);
    const now = EVENING.toISOString();
    const { id } = only(
      await suite.sql<{ id: string }[]>`
        select id from public.schedule_ledger where send_at_utc >= ${NOW} order by send_at_utc limit 1`,
    );
    // The match is read twice: for its numbers, and for users with two pushes.
    const queries: readonly [string, string, number, number, string[]][] = [
      // It looks for events without a match in each hour of the day, and each time the planner at the ends of an index.
      ["rollup", `select public.rollup_webhook_health('${DATE}', '${now}')`, 0, 48, []],
      ["harms", `select public.raise_number_harms('${now}')`, 0, 0, []],
      [
        "recount",
        `select public.recount_match('${id}', '${now}')`,
        2 * EVENTS / MATCHES,
        2 * EVENTS / MATCHES,
        ["notification_sends_202412"],
      ],
    ];
    for (const [name, query, least, most, partitions] of queries) {
      // The same plan must hold when it has been used often.
      const reads = await readsOf(suite, `${query};`.repeat(CALLS));
      const perCall = reads.fetched / CALLS;
      deepStrictEqual(
        [reads.scanned, reads.ledgerScans],
        [0, 0],
        `${name} reads nothing through, got ${JSON.stringify(reads)}`,
      );
      ok(
        perCall >= least && perCall <= most + PLANNER_READS_MAX,
        `${name} fetches from ${least} to ${most} events, got ${perCall}`,
      );
      // The planner's own reads are of any partition.
      if (least > 0) deepStrictEqual(reads.partitions, partitions, name);
    }
  }),
);

Deno.test(
  "match_timeline() and match_verification read the events of a match by index",
  withSuite(async (suite) => {
    await suite.sql`select private.ensure_partitions('2025-01-15Z')`;
    await fill(suite);
    for (
      const query of [
        "select public.match_timeline(250)",
        "select * from public.match_verification where match_id = 250",
      ]
    ) {
      const { scanned, fetched } = await readsOf(suite, query);
      strictEqual(scanned, 0, query);
      ok(fetched >= EVENTS / MATCHES && fetched <= 4 * EVENTS / MATCHES, `${query}: ${fetched}`);
    }
  }),
);

Deno.test(
  "events of other campaigns and of Canvases cost what judges, counts and reattributes ours nothing",
  withSuite(async (suite) => {
    await fill(suite);
    const [from, until] = [minutes(-24 * 60).toISOString(), minutes(24 * 60).toISOString()];
    const now = EVENING.toISOString();
    const queries = {
      unattributed:
        `select public.load_unattributed_sends('${CAMPAIGN}', '${from}', '${until}', 600)`,
      rejudgements: `
        insert into private.rejudgements (kind, value, changed_at)
        values ('time', '${now}', '${from}'), ('dispatch_id', 'dispatch-1', '${from}'), ('campaign', 'ours', '${from}');
        select public.load_rejudgements(1000, '${now}')`,
      reconciliation: `select public.load_reconciliation('${from}', '${now}')`,
    };
    const fetched = async () => {
      const counts: Record<string, number> = {};
      for (const [name, query] of Object.entries(queries)) {
        const reads = await readsOf(suite, query);
        strictEqual(reads.scanned, 0, `${name} reads nothing through`);
        counts[name] = reads.fetched;
      }
      return counts;
    };
    const without = await fetched();
    await suite.sql.unsafe(`
      insert into public.notification_sends (sent_at, event_id, event_type, channel, campaign_id, canvas_id,
        received_at, time_kind, correlation_method, confidence, raw_payload)
      select '${DATE}'::timestamptz + number * interval '1 second', 'other-' || number, 'send', 'push',
        case when number % 2 = 0 then 'another' end, case when number % 2 = 1 then 'canvas' end,
        '${DATE}'::timestamptz + number * interval '1 second', 'send', 'other_campaign', 'none',
        '{"properties": {"platform": "ios"}}'
      from generate_series(1, 80000) as number;
      analyze;`);
    for (const [name, count] of Object.entries(await fetched())) {
      ok(
        count <= without[name]! + PLANNER_READS_MAX,
        `${name} fetches none of theirs, got ${count}`,
      );
    }
  }),
);
