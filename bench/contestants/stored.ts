/** Deletes, counts and lists stored rows, in the same way for every table. */
import type { Sql } from "../../local/stack/sql.ts";

export interface StoredIn {
  readonly table: string;
  readonly idColumn: string;
  /** Other tables to empty, if they exist. */
  readonly tables: readonly string[];
  /** The prefix of an event's id in that column. */
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
      // Writes of one turn must not be flushed during the next one.
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
