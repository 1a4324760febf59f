/**
 * `deno task migration` carries a change of `supabase/schemas` into `supabase/migrations`.
 *
 * Until version 1.0.0 it writes the one migration, the baseline, anew. From then on `deno task migration NAME` writes a
 * migration with the whole text of what changed; a changed table needs an `alter` by hand, and the task says which.
 */
import { parseArgs } from "node:util";
import { StackFailure } from "../lib/failure.ts";
import { BASELINE, writeBaseline } from "../migration/baseline.ts";
import { readSchemas, statementsOf } from "../migration/schemas.ts";
import { writeMigration } from "../migration/write_migration.ts";
import { MIGRATIONS, SCHEMAS } from "../stack/project.ts";
import { createWriter } from "../cli/writer.ts";
import { startTestServer } from "../stack/test_server.ts";
import project from "../../deno.json" with { type: "json" };

try {
  const { values, positionals } = parseArgs({
    options: { "postgres-bin": { type: "string" } },
    allowPositionals: true,
  });
  const file = await write(positionals, values["postgres-bin"]);
  createWriter(Deno.stdout).line(`Wrote supabase/migrations/${file}`);
} catch (error) {
  if (!(error instanceof StackFailure)) throw error;
  createWriter(Deno.stderr).line(error.message);
  Deno.exit(1);
}

async function write(names: readonly string[], postgresBin: string | undefined): Promise<string> {
  const schemas = await readSchemas(SCHEMAS);
  if (Number.parseInt(project.version) < 1) {
    if (names.length > 0) {
      throw new StackFailure(
        `Cannot write a migration: before version 1.0.0 there is the baseline only and the task takes no name, got ${
          names.join(" ")
        } at version ${project.version}`,
      );
    }
    // Refuses a statement that no later migration could carry.
    statementsOf(schemas);
    await Deno.writeTextFile(new URL(BASELINE, MIGRATIONS), writeBaseline(schemas));
    return BASELINE;
  }
  const [name] = names;
  if (name === undefined || names.length > 1 || !/^[a-z0-9_]+$/.test(name)) {
    throw new StackFailure(
      `Cannot write a migration: the task must be given one name of a-z, 0-9 and _, got ${
        names.join(" ") || "nothing"
      }`,
    );
  }
  const server = await startTestServer(postgresBin);
  try {
    const request = { serverUrl: server.url, schemas, migrations: MIGRATIONS, name };
    return await writeMigration({ ...request, now: new Date() });
  } finally {
    await server.stop();
  }
}
