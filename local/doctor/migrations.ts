/** Whether the database is of the same version as this copy of the project. */
import { readMigrations } from "../stack/migrations.ts";
import type { Sql } from "../stack/sql.ts";
import { type Finding, look, ok, wrong } from "./finding.ts";

const NAMED_MAX = 3;

export function checkMigrations(sql: Sql, folder: URL): Promise<Finding> {
  const mend = "supabase db push --remote --yes";
  return look("migrations", mend, async () => {
    const ours = (await readMigrations(folder)).map(({ version }) => version);
    const rows = await sql<{ version: string }[]>`
      select version from supabase_migrations.schema_migrations`;
    const applied = new Set(rows.map(({ version }) => version));
    const missing = ours.filter((version) => !applied.has(version));
    const foreign = [...applied].filter((version) => !ours.includes(version));
    if (missing.length > 0) {
      return wrong("migrations", `not applied: ${listed(missing)}`, mend);
    }
    // The project may have further migrations of its own; only ours are required.
    const others = foreign.length === 0 ? "" : `; ${foreign.length} are not of this copy`;
    return foreign.some((version) => version > (ours.at(-1) ?? ""))
      ? wrong(
        "migrations",
        `the database is newer than this copy: ${listed(foreign)}`,
        "Look from the copy that was deployed, or bring this one up to date",
      )
      : ok("migrations", `all applied (${ours.length})${others}`);
  });
}

function listed(versions: readonly string[]): string {
  const more = versions.length - NAMED_MAX;
  return versions.slice(0, NAMED_MAX).join(", ") + (more > 0 ? ` and ${more} more` : "");
}
