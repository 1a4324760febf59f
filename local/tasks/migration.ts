/**
 * `deno task migration` writes a change of `supabase/schemas` to `supabase/migrations`.
 *
 * Before version 1.0.0 it generates the only migration, the baseline, again. From 1.0.0 on, `deno task migration NAME`
 * writes a migration with the whole text of changed objects; a changed table needs an `alter` by hand, which the task
 * names.
 */
import { helpOf, POSTGRES_BIN, readFlags } from "../cli/flags.ts";
import { runTask } from "../cli/run_task.ts";
import { UsageFailure } from "../lib/failure.ts";
import { BASELINE, writeBaseline } from "../migration/baseline.ts";
import { readSchemas, statementsOf } from "../migration/schemas.ts";
import { writeMigration } from "../migration/write_migration.ts";
import { MIGRATIONS, SCHEMAS } from "../stack/project.ts";
import { startTestServer } from "../stack/test_server.ts";
import project from "../../deno.json" with { type: "json" };

const FLAGS = { "postgres-bin": POSTGRES_BIN } as const;

const HELP = helpOf({
  task: "migration",
  what: "Writes a change of supabase/schemas to supabase/migrations.",
  takes: "[NAME]",
  flags: FLAGS,
  notes:
    `NAME is the migration's, as in add_refunds; only from version 1.0.0 on, before that the baseline is written.`,
});

async function write(names: readonly string[], postgresBin: string | undefined): Promise<string> {
  const schemas = await readSchemas(SCHEMAS);
  if (Number.parseInt(project.version) < 1) {
    if (names.length > 0) {
      throw new UsageFailure(
        `Cannot write a migration: before version 1.0.0 there is only the baseline and the task takes no name, got ${
          names.join(" ")
        } at version ${project.version}`,
      );
    }
    // Refuses statements of a kind that later migrations could not contain.
    statementsOf(schemas);
    await Deno.writeTextFile(new URL(BASELINE, MIGRATIONS), writeBaseline(schemas));
    return BASELINE;
  }
  const [name] = names;
  if (name === undefined || names.length > 1 || !/^[a-z0-9_]+$/.test(name)) {
    throw new UsageFailure(
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

await runTask({
  help: HELP,
  read: (args) => readFlags(FLAGS, args, true),
  async run({ values, positionals }, { out }) {
    out.line(`Wrote supabase/migrations/${await write(positionals, values["postgres-bin"])}`);
    return 0;
  },
});
