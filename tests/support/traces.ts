/** Searches the whole database for a name: every row of every table, ours and the extensions'. */
import type { Sql } from "./database.ts";

const SCHEMAS = ["public", "private", "cron", "net", "vault"];

/** The tables that hold one of `names` anywhere: as text, inside JSON, or in bytes. */
export async function tracesOf(sql: Sql, ...names: string[]): Promise<string[]> {
  const tables = await sql<{ name: string }[]>`
    select class.oid::regclass::text as name
    from pg_catalog.pg_class as class
    join pg_catalog.pg_namespace as namespace on namespace.oid = class.relnamespace
    where namespace.nspname = any (${SCHEMAS}) and class.relkind in ('r', 'p') and not class.relispartition
    order by 1`;
  const wanted = names.flatMap((name) => [
    name,
    // Inside JSON, and inside JSON within JSON.
    ...[name, JSON.stringify(name).slice(1, -1)].map((text) => JSON.stringify(text).slice(1, -1)),
    hexOf(name),
  ]);
  const found: string[] = [];
  for (const { name } of tables) {
    const rows = await sql.unsafe(
      `select 1 from ${name} as row
       where exists (select 1 from unnest($1::text[]) as wanted where strpos(to_jsonb(row)::text, wanted) > 0)
       limit 1`,
      [wanted],
    );
    if (rows.length > 0) found.push(name);
  }
  return found;
}

/** As Postgres writes bytea. */
function hexOf(text: string): string {
  return [...new TextEncoder().encode(text)].map((byte) => byte.toString(16).padStart(2, "0"))
    .join("");
}
