/**
 * The keys allow what docs/scaling.md promises: with Citus, tables that grow with the events can be spread over nodes by
 * the column named here, and everything else can be copied to each node. Source: Citus docs, "Determining application
 * type" and "Reference tables": a unique key must hold the distribution column, and a foreign key of a distributed table
 * may point to a reference table only.
 */
import { deepStrictEqual, ok } from "node:assert/strict";
import { withSuite } from "../fixtures.ts";

/** Grow with every event. By the id of the event, so that one store's worth of a request's rows spreads evenly. */
const DISTRIBUTED: Readonly<Record<string, string>> = {
  "public.notification_sends": "event_id",
  "public.event_claims": "event_id",
  "public.webhook_rejects": "digest",
  "private.erased_events": "digest",
};
/** Grow with matches and runs, by thousands a year: a copy on each node. */
const REFERENCE = [
  "private.braze_answers",
  "private.erased_ids",
  "private.erased_users",
  "private.erasure_keys",
  "private.event_partitions",
  "private.held_changes",
  "private.job_periods",
  "private.listed_schedules",
  "private.prune_progress",
  "private.recount_progress",
  "private.recounts",
  "private.rejudgements",
  "private.schedule_holds",
  "private.schedule_times",
  "private.settings",
  "private.unmanaged_schedules",
  "public.alerts",
  "public.braze_observations",
  "public.braze_schedules",
  "public.count_audit_logs",
  "public.job_runs",
  "public.match_changes",
  "public.match_counts",
  "public.matches",
  "public.operator_actions",
  "public.schedule_attempts",
  "public.schedule_identifiers",
  "public.schedule_ledger",
  "public.scheduler_logs",
  "public.teams",
  "public.webhook_daily_counts",
  "public.webhook_health_metrics",
  "public.webhook_health_patterns",
];

Deno.test(
  "each table is classified for a distributed database, and the page on scaling names the distributed ones",
  withSuite(async ({ sql }) => {
    const rows = await sql<{ name: string }[]>`
      select namespace.nspname || '.' || class.relname as name
      from pg_catalog.pg_class as class
      join pg_catalog.pg_namespace as namespace on namespace.oid = class.relnamespace
      where namespace.nspname in ('public', 'private') and class.relkind in ('r', 'p')
        and not class.relispartition`;
    deepStrictEqual(
      rows.map(({ name }) => name).sort(),
      [...REFERENCE, ...Object.keys(DISTRIBUTED)].sort(),
    );
    const page = await Deno.readTextFile(new URL("../../../docs/scaling.md", import.meta.url));
    for (const [table, column] of Object.entries(DISTRIBUTED)) {
      const name = table.split(".").at(-1)!;
      ok(page.includes(`| \`${name}\` | \`${column}\` |`), `docs/scaling.md must have ${table}`);
    }
  }),
);

Deno.test(
  "each unique key of a distributed table contains its distribution column",
  withSuite(async ({ sql }) => {
    const keys = await sql<{ table: string; name: string; columns: string[] }[]>`
      select namespace.nspname || '.' || class.relname as table, index.indexrelid::regclass::text as name,
        array(
          select attribute.attname::text
          from unnest(index.indkey) as key
          join pg_catalog.pg_attribute as attribute
            on attribute.attrelid = class.oid and attribute.attnum = key
        ) as columns
      from pg_catalog.pg_index as index
      join pg_catalog.pg_class as class on class.oid = index.indrelid
      join pg_catalog.pg_namespace as namespace on namespace.oid = class.relnamespace
      where index.indisunique and not class.relispartition
        and namespace.nspname || '.' || class.relname = any (${Object.keys(DISTRIBUTED)})`;
    ok(keys.length >= Object.keys(DISTRIBUTED).length);
    deepStrictEqual(
      keys.filter(({ table, columns }) => !columns.includes(DISTRIBUTED[table]!)),
      [],
    );
  }),
);

Deno.test(
  "no foreign key references a distributed table",
  withSuite(async ({ sql }) => {
    const keys = await sql<{ name: string; target: string }[]>`
      select known.conname::text as name, namespace.nspname || '.' || class.relname as target
      from pg_catalog.pg_constraint as known
      join pg_catalog.pg_class as class on class.oid = known.confrelid
      join pg_catalog.pg_namespace as namespace on namespace.oid = class.relnamespace
      where known.contype = 'f'`;
    ok(keys.length > 0);
    deepStrictEqual(keys.filter(({ target }) => target in DISTRIBUTED), []);
  }),
);
