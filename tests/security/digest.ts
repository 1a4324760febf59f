/** Fingerprints of a whole database: its rows and its schema. Equal before and after means unchanged. */
import type { Sql } from "../support/database.ts";

const OURS = ["public", "private", "cron", "net", "vault"];

/** A fingerprint of the rows of each table, partitions by their parent. */
export async function contentsOf(sql: Sql): Promise<Record<string, string>> {
  const tables = await sql<{ name: string }[]>`
    select class.oid::regclass::text as name
    from pg_catalog.pg_class as class
    join pg_catalog.pg_namespace as namespace on namespace.oid = class.relnamespace
    where namespace.nspname = any (${OURS}) and class.relkind in ('r', 'p') and not class.relispartition
    order by 1`;
  const parts = tables.map(({ name }) =>
    `select '${name}' as name, count(*) || ' ' || coalesce(md5(string_agg(it::text, chr(10) order by it::text)), '')
       as rows from ${name} as it`
  );
  const found = await sql.unsafe<{ name: string; rows: string }[]>(parts.join(" union all "));
  return Object.fromEntries(found.map(({ name, rows }) => [name, rows]));
}

/** Every table, column, constraint, function, policy and right, in a line each. */
export async function structureOf(sql: Sql): Promise<string[]> {
  const lines = await sql<{ line: string }[]>`
    with ours as (
      select oid, nspname from pg_catalog.pg_namespace where nspname = any (${OURS})
    )
    select class.oid::regclass::text || ' ' || class.relkind::text || class.relrowsecurity::text || coalesce(class.relacl::text, '') as line
    from pg_catalog.pg_class as class join ours on ours.oid = class.relnamespace
    union all
    select attribute.attrelid::regclass::text || '.' || attribute.attname || ' ' || attribute.atttypid::regtype::text
    from pg_catalog.pg_attribute as attribute
    join pg_catalog.pg_class as class on class.oid = attribute.attrelid
    join ours on ours.oid = class.relnamespace
    where attribute.attnum > 0
    union all
    select con.conrelid::regclass::text || ' ' || con.conname || ' ' || pg_catalog.pg_get_constraintdef(con.oid)
    from pg_catalog.pg_constraint as con join ours on ours.oid = con.connamespace
    union all
    select proc.oid::regprocedure::text || ' ' || md5(proc.prosrc) || coalesce(proc.proacl::text, '')
    from pg_catalog.pg_proc as proc join ours on ours.oid = proc.pronamespace
    union all
    select 'policy ' || policy.polname from pg_catalog.pg_policy as policy
    union all
    select 'role ' || role.rolname || role.rolsuper::text || role.rolbypassrls::text from pg_catalog.pg_roles as role
    order by 1`;
  return lines.map(({ line }) => line);
}
