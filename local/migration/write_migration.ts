/** Writes the next migration, or names the changes of tables that a person has to write into it. */
import { StackFailure } from "../lib/failure.ts";
import { readMigrations } from "../stack/migrations.ts";
import { bootstrap } from "../stack/project.ts";
import { connectSql, type Sql } from "../stack/sql.ts";
import { prepareFromSchemas } from "./prepare_from_schemas.ts";
import { compareCatalogues, listDifferences, readCatalogue } from "./catalogue.ts";
import { splitDifferences, writeChanges, writeDrops } from "./changes.ts";
import { type Draft, readByHand, writeDraft } from "./draft.ts";
import { type SchemaFile, statementsOf } from "./schemas.ts";
import { splitStatements } from "../lib/split_statements.ts";

export interface MigrationRequest {
  /** A server on which databases may be created. */
  readonly serverUrl: string;
  readonly schemas: readonly SchemaFile[];
  readonly migrations: URL;
  readonly name: string;
  readonly now: Date;
}

/** Returns the name of the file. Keeps the part written by hand in an earlier draft of it. */
export async function writeMigration(request: MigrationRequest): Promise<string> {
  const { serverUrl, schemas, migrations, name, now } = request;
  const known = await readMigrations(migrations);
  const last = known.at(-1);
  const earlier = last?.name === name ? last : undefined;
  const file = `${earlier?.version ?? versionOf(now)}_${name}.sql`;
  const before = known.filter((migration) => migration !== earlier);
  if (before.some((migration) => migration.name === name)) {
    throw new StackFailure(
      `Cannot write migration ${name}: only the newest migration can be written again, got a newer one (${last?.version}_${last?.name}); use another name`,
    );
  }
  const url = new URL(file, migrations);
  const byHand = earlier === undefined ? "" : readByHand(await Deno.readTextFile(url), file);

  return await withDatabases(serverUrl, async (wantedSql, sql) => {
    await prepareFromSchemas(wantedSql, schemas);
    const wanted = await readCatalogue(wantedSql);
    const differences = async () => compareCatalogues(wanted, await readCatalogue(sql));
    const write = (draft: Draft) => Deno.writeTextFile(url, writeDraft(draft));

    await bootstrap(sql);
    for (const migration of before) await run(sql, migration.statements, migration.name);
    const first = await differences();
    if (first.length === 0) {
      throw new StackFailure(
        `Cannot write migration ${name}: the schemas must differ from what the migrations make, got no difference`,
      );
    }
    const drops = writeDrops(first);
    await run(sql, drops, file);
    await write({ drops, byHand, changes: [] });
    await run(sql, splitStatements(byHand), file);

    const rest = await differences();
    const split = splitDifferences(rest);
    if (split.byHand.length > 0) {
      throw new StackFailure(
        `Cannot finish ${file}: its second part must change each of these to what the schemas say, by an alter or another statement; got\n${
          listDifferences(split.byHand)
        }`,
      );
    }
    const changes = writeChanges(rest, statementsOf(schemas));
    await write({ drops, byHand, changes });
    await run(sql, changes, file);
    const left = await differences();
    if (left.length > 0) {
      throw new StackFailure(
        `Cannot finish ${file}: after it the database must be what the schemas say, got\n${
          listDifferences(left)
        }`,
      );
    }
    return file;
  });
}

function versionOf(now: Date): string {
  return now.toISOString().replace(/\D/g, "").slice(0, 14);
}

async function run(sql: Sql, statements: readonly string[], file: string): Promise<void> {
  await sql.begin(async (transaction) => {
    for (const statement of statements) {
      await transaction.unsafe(statement).simple().catch((error: Error) => {
        throw new StackFailure(
          `Cannot apply ${file}: each statement must run, got "${error.message}"\n${statement}`,
        );
      });
    }
  });
}

/** Creates two databases: one from the schemas and one from the migrations. */
async function withDatabases<T>(
  serverUrl: string,
  use: (fromSchemas: Sql, fromMigrations: Sql) => Promise<T>,
): Promise<T> {
  const admin = connectSql(serverUrl, { max: 1 });
  const suffix = crypto.randomUUID().replaceAll("-", "");
  const names = [`from_schemas_${suffix}`, `from_migrations_${suffix}`] as const;
  const connections: Sql[] = [];
  try {
    for (const name of names) {
      await admin.unsafe(`create database ${name} template template0 strategy file_copy`);
      const url = new URL(serverUrl);
      url.pathname = name;
      connections.push(connectSql(url.href, { max: 1 }));
    }
    return await use(connections[0]!, connections[1]!);
  } finally {
    for (const connection of connections) await connection.end();
    for (const name of names) await admin.unsafe(`drop database if exists ${name} with (force)`);
    await admin.end();
  }
}
