/** Applies the missing migrations to a database, and records them as the Supabase CLI does. */
import { createHash } from "node:crypto";
import { splitStatements } from "../lib/split_statements.ts";
import { explainOutput } from "../lib/explain.ts";
import { StackFailure } from "../lib/failure.ts";
import type postgres from "postgres";
import type { Sql } from "./sql.ts";

const FILE_NAME = /^([0-9]+)_(.*)\.sql$/;
/** Statements that Postgres refuses inside a transaction; a migration with one of them runs without a transaction. */
const NEEDS_NO_TRANSACTION =
  /^(?:\s|--[^\n]*\n|\/\*[\s\S]*?\*\/)*(?:(?:create\s+(?:unique\s+)?|drop\s+|re)index\b[^;]*\bconcurrently\b|vacuum\b|alter\s+system\b)/i;

interface Migration {
  readonly version: string;
  readonly name: string;
  readonly statements: readonly string[];
  /** The MD5 of the statements, as the database computes it of those that it recorded. */
  readonly digest: string;
}

export interface MigrationReport {
  readonly applied: readonly string[];
  /** Applied from an earlier version of the file; the database does not have the later change. */
  readonly changed: readonly string[];
}

export async function applyMigrations(sql: Sql, folder: URL): Promise<MigrationReport> {
  const migrations = await readMigrations(folder);
  await sql`create schema if not exists supabase_migrations`;
  await sql`create table if not exists supabase_migrations.schema_migrations (
    version text not null primary key, statements text[], name text)`;
  const rows = await sql<{ version: string; digest: string | null }[]>`
    select version, md5(array_to_string(statements, e'\\n')) as digest
    from supabase_migrations.schema_migrations`;
  const recorded = new Map(rows.map(({ version, digest }) => [version, digest]));
  refuseUnknown(recorded.keys(), migrations, folder);

  const applied: string[] = [];
  const changed: string[] = [];
  for (const migration of migrations) {
    const title = `${migration.version}_${migration.name}`;
    const digest = recorded.get(migration.version);
    if (digest === undefined) {
      await apply(sql, migration);
      applied.push(title);
    } else if (digest !== migration.digest) {
      changed.push(title);
    }
  }
  return { applied, changed };
}

export async function readMigrations(folder: URL): Promise<readonly Migration[]> {
  const entries = await Array.fromAsync(Deno.readDir(folder));
  const names = entries.filter(({ isFile }) => isFile).map(({ name }) => name).sort();
  const migrations: Migration[] = [];
  for (const fileName of names) {
    const [, version, name] = FILE_NAME.exec(fileName) ?? [];
    if (version === undefined || name === undefined) continue;
    const text = await Deno.readTextFile(new URL(fileName, folder));
    migrations.push({ version, name, ...contentOf(text) });
  }
  const twice = migrations.find(({ version }, i) => version === migrations[i - 1]?.version);
  if (twice !== undefined) {
    throw new StackFailure(
      `Cannot apply migrations: versions must differ, got two files with ${twice.version}`,
    );
  }
  return migrations;
}

/** By text: a process that starts many stacks reads the same migrations each time. */
const contents = new Map<string, Pick<Migration, "statements" | "digest">>();

function contentOf(text: string): Pick<Migration, "statements" | "digest"> {
  let content = contents.get(text);
  if (content === undefined) {
    const statements = splitStatements(text);
    content = {
      statements,
      digest: createHash("md5").update(statements.join("\n")).digest("hex"),
    };
    contents.set(text, content);
  }
  return content;
}

async function apply(sql: Sql, { version, name, statements }: Migration): Promise<void> {
  const runAll = async (connection: postgres.ISql) => {
    for (const [i, statement] of statements.entries()) {
      await connection.unsafe(statement).simple().catch((error: Error) => {
        throw explainOutput(`apply migration ${version}_${name}`, error.message) ??
          new StackFailure(
            `Cannot apply migration ${version}_${name}: statement ${i} must run, got "${error.message}"\n${statement}`,
          );
      });
    }
    await connection`
      insert into supabase_migrations.schema_migrations (version, name, statements)
      values (${version}, ${name}, ${statements as string[]})`;
  };
  if (statements.some((statement) => NEEDS_NO_TRANSACTION.test(statement))) await runAll(sql);
  else await sql.begin((transaction) => runAll(transaction));
}

function refuseUnknown(
  recorded: Iterable<string>,
  migrations: readonly Migration[],
  folder: URL,
): void {
  const known = new Set(migrations.map(({ version }) => version));
  const unknown = [...recorded].filter((version) => !known.has(version));
  if (unknown.length === 0) return;
  throw new StackFailure(
    `Cannot apply migrations: every version in the database must be in ${folder.pathname}, got ${
      unknown.join(", ")
    } only in the database; use another --data folder, or delete this one`,
  );
}
