/** Prepares a database like a hosted project's: bootstrap, migrations, seed, and the Vault's two secrets. */
import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import { applyMigrations, type MigrationReport } from "./migrations.ts";
import type { Sql } from "./sql.ts";

const BOOTSTRAP = new URL("./bootstrap.sql", import.meta.url);
const ROOT = new URL("../../", import.meta.url);
export const MIGRATIONS = new URL("../../supabase/migrations/", import.meta.url);
export const SCHEMAS = new URL("../../supabase/schemas/", import.meta.url);
export const SEED = new URL("../../supabase/seed.sql", import.meta.url);

export async function prepareProject(sql: Sql, migrations: URL): Promise<MigrationReport> {
  await bootstrap(sql);
  return await applyMigrations(sql, migrations);
}

export async function bootstrap(sql: Sql): Promise<void> {
  await sql.unsafe(await Deno.readTextFile(BOOTSTRAP)).simple();
}

/** Applies the seed once per database, and records it as the CLI does, so that neither applies it again. */
export async function applySeed(sql: Sql, seed: URL): Promise<boolean> {
  const text = await Deno.readTextFile(seed).catch(() => undefined);
  if (text === undefined) return false;
  await sql`create table if not exists supabase_migrations.seed_files (
    path text not null primary key, hash text not null)`;
  const path = fileURLToPath(seed).replace(fileURLToPath(ROOT), "");
  const done = await sql`select from supabase_migrations.seed_files where path = ${path}`;
  if (done.length > 0) return false;
  const hash = createHash("sha256").update(text).digest("hex");
  await sql.begin(async (transaction) => {
    await transaction.unsafe(text).simple();
    await transaction`insert into supabase_migrations.seed_files values (${path}, ${hash})`;
  });
  return true;
}

/** Stores the two secrets that SQL needs to call a function, as a person does in a hosted project. */
export async function keepVaultSecrets(
  sql: Sql,
  secrets: Readonly<Record<string, string>>,
): Promise<void> {
  for (const [name, secret] of Object.entries(secrets)) {
    const [kept] = await sql<{ id: string; decrypted_secret: string }[]>`
      select id, decrypted_secret from vault.decrypted_secrets where name = ${name}`;
    if (kept === undefined) {
      await sql`select vault.create_secret(${secret}, ${name}, 'Stored by the local stack')`;
    } else if (kept.decrypted_secret !== secret) {
      await sql`select vault.update_secret(${kept.id}, ${secret})`;
    }
  }
}

/** Creates the partitions around a virtual clock's day, since the migrations create those around the wall clock's. */
export async function ensurePartitions(sql: Sql, now: Date): Promise<void> {
  const [found] = await sql`
    select to_regprocedure('private.ensure_partitions(timestamptz)') is not null as exists`;
  if (found?.exists) await sql`select private.ensure_partitions(${now})`;
}

/** The extensions that are stubs and need our workers; the server's own extensions have theirs. */
export async function extensionStubsOf(sql: Sql): Promise<ReadonlySet<string>> {
  const rows = await sql<{ extname: string }[]>`
    select extname from pg_extension where extversion like '%-local'`;
  return new Set(rows.map(({ extname }) => extname));
}
