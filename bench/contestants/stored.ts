/** How stored rows are emptied, counted and named: the same questions for every table. */
import type { Sql } from "../../local/stack/sql.ts";

export interface StoredIn {
  readonly table: string;
  readonly idColumn: string;
  /** Emptied with it, where there is such a table. */
  readonly tables: readonly string[];
  /** What stands before the id of an event in that column. */
  readonly idPrefix?: string;
}

export function stored(sql: Sql, { table, idColumn, tables, idPrefix = "" }: StoredIn) {
  return {
    async reset(): Promise<void> {
      const found = await sql<{ name: string }[]>`
        select name from unnest(${[
        table,
        ...tables,
      ]}::text[]) as name where to_regclass(name) is not null`;
      if (found.length > 0) {
        await sql.unsafe(`truncate ${found.map(({ name }) => name).join(", ")}`);
      }
      // What one turn wrote must not be flushed in the next one's time.
      await sql`checkpoint`;
    },
    async count(): Promise<number> {
      const [row] = await sql.unsafe<{ count: number }[]>(
        `select count(*)::int as count from ${table}`,
      );
      return row!.count;
    },
    async ids(): Promise<string[]> {
      const rows = await sql.unsafe<{ id: string }[]>(`select ${idColumn} as id from ${table}`);
      return rows.map(({ id }) => id.startsWith(idPrefix) ? id.slice(idPrefix.length) : id);
    },
  };
}
