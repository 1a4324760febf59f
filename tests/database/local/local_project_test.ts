/** What the stack makes of an empty database: roles, rights, and migrations as the Supabase CLI records them. */
import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";

import { pathToFileURL } from "node:url";
import { readMigrations } from "../../../local/stack/migrations.ts";
import {
  applySeed,
  keepVaultSecrets,
  MIGRATIONS,
  prepareProject,
} from "../../../local/stack/project.ts";
import { type Sql, withDatabase } from "../../support/database.ts";
import { only } from "../fixtures.ts";

/** A migrations folder of its own, on top of the project's, whose versions the clone already has. */
async function withMigrations(
  files: Record<string, string>,
  run: (sql: Sql, folder: URL) => Promise<void>,
): Promise<void> {
  const path = await Deno.makeTempDir();
  try {
    for await (const { name } of Deno.readDir(MIGRATIONS)) {
      await Deno.copyFile(new URL(name, MIGRATIONS), `${path}/${name}`);
    }
    for (const [name, text] of Object.entries(files)) {
      await Deno.writeTextFile(`${path}/${name}`, text);
    }
    await withDatabase((sql) => run(sql, folderUrl(path)));
  } finally {
    await Deno.remove(path, { recursive: true });
  }
}

function folderUrl(path: string): URL {
  return pathToFileURL(`${path}/`);
}

const TWO_STATEMENTS =
  "-- Why.\ncreate table public.one (id int);\n\ninsert into one values (1);\n";

Deno.test("prepareProject() applies only new migrations, and records them as the Supabase CLI does", () =>
  withMigrations({ "29990101000000_add_one.sql": TWO_STATEMENTS }, async (sql, folder) => {
    const first = await prepareProject(sql, folder);
    deepStrictEqual(first, { applied: ["29990101000000_add_one"], changed: [] });
    const recorded = only(
      await sql`
        select version, name, statements from supabase_migrations.schema_migrations
        where version = '29990101000000'`,
    );
    deepStrictEqual({ ...recorded }, {
      version: "29990101000000",
      name: "add_one",
      statements: ["-- Why.\ncreate table public.one (id int)", "insert into one values (1)"],
    });
    deepStrictEqual(await prepareProject(sql, folder), { applied: [], changed: [] });
  }));

Deno.test("prepareProject() rolls back a migration that fails, and names the statement", () =>
  withMigrations({
    "29990101000000_good.sql": "create table public.good ()",
    "29990102000000_bad.sql": "create table public.half (); select * from nowhere",
  }, async (sql, folder) => {
    await rejects(
      prepareProject(sql, folder),
      /Cannot apply migration 29990102000000_bad: statement 1 must run, got "relation "nowhere" does not exist"/,
    );
    const [row] = await sql`
      select to_regclass('public.good') is not null as good, to_regclass('public.half') is null as no_half`;
    deepStrictEqual({ ...row }, { good: true, no_half: true });
  }));

Deno.test("prepareProject() reports migrations changed since they were applied", () =>
  withMigrations({ "29990101000000_add_one.sql": TWO_STATEMENTS }, async (sql, folder) => {
    await prepareProject(sql, folder);
    await Deno.writeTextFile(new URL("29990101000000_add_one.sql", folder), "select 1");
    deepStrictEqual((await prepareProject(sql, folder)).changed, ["29990101000000_add_one"]);
  }));

Deno.test("prepareProject() refuses a database with migrations that the folder lacks", () =>
  withMigrations({}, async (sql, folder) => {
    await sql`insert into supabase_migrations.schema_migrations (version) values ('29990101000000')`;
    await rejects(prepareProject(sql, folder), /got 29990101000000 only in the database/);
  }));

Deno.test("prepareProject() runs statements that are not allowed in a transaction", () =>
  withMigrations({
    "29990101000000_index.sql":
      "-- Large table.\ncreate index concurrently matches_new_idx on public.matches (updated_at);",
  }, async (sql, folder) => {
    await prepareProject(sql, folder);
    strictEqual(
      (await sql`select to_regclass('public.matches_new_idx') as index`)[0]?.index,
      "matches_new_idx",
    );
  }));

Deno.test("readMigrations() refuses two files of one version", () =>
  withMigrations(
    { "29990101000000_a.sql": "select 1", "29990101000000_b.sql": "select 2" },
    (_sql, folder) => rejects(readMigrations(folder), /versions must differ, got two files/),
  ));

Deno.test("a bootstrapped database has the roles of a hosted project", () =>
  withDatabase(async (sql) => {
    const roles = await sql`
      select rolname, rolinherit, rolcanlogin, rolbypassrls, rolsuper, rolconfig from pg_roles
      where rolname in ('anon', 'authenticated', 'service_role', 'authenticator') order by rolname`;
    deepStrictEqual(
      roles.map(({ rolname, rolinherit, rolcanlogin, rolbypassrls, rolsuper }) => [
        rolname,
        rolinherit,
        rolcanlogin,
        rolbypassrls,
        rolsuper,
      ]),
      [
        ["anon", false, false, false, false],
        ["authenticated", false, false, false, false],
        ["authenticator", false, true, false, false],
        ["service_role", false, false, true, false],
      ],
    );
    deepStrictEqual(roles[0]?.rolconfig, ["statement_timeout=3s"]);
  }));

Deno.test("a table without a grant is closed to every role of the API, service_role included", () =>
  withDatabase(async (sql) => {
    await sql`create table public.forgotten ()`;
    for (const role of ["anon", "authenticated", "service_role"]) {
      const [row] = await sql`
        select has_table_privilege(${role}, 'public.forgotten', 'select, insert, update, delete') as open`;
      strictEqual(row?.open, false, role);
    }
  }));

Deno.test("auth.uid(), auth.role() and auth.jwt() read what PostgREST sets", () =>
  withDatabase(async (sql) => {
    const claims = { sub: "0b9f6f6e-2f3a-4d6c-9a51-7f6d0c1e2a34", role: "authenticated" };
    const row = await sql.begin(async (transaction) => {
      await transaction`select set_config('request.jwt.claims', ${JSON.stringify(claims)}, true)`;
      return only(await transaction`select auth.uid(), auth.role(), auth.jwt()`);
    });
    deepStrictEqual({ ...row }, { uid: claims.sub, role: claims.role, jwt: claims });
  }));

Deno.test("keepVaultSecrets() creates a secret, changes it, and does not rewrite an equal one", () =>
  withDatabase(async (sql) => {
    const read = async () => ({
      ...only(
        await sql`
        select id, decrypted_secret, updated_at from vault.decrypted_secrets where name = 'project_url'`,
      ),
    });
    await keepVaultSecrets(sql, { project_url: "http://one" });
    const first = await read();
    strictEqual(first["decrypted_secret"], "http://one");
    await keepVaultSecrets(sql, { project_url: "http://one" });
    deepStrictEqual(await read(), first);
    await keepVaultSecrets(sql, { project_url: "http://two" });
    const second = await read();
    deepStrictEqual([second["id"], second["decrypted_secret"]], [first["id"], "http://two"]);
  }));

Deno.test("applySeed() applies a seed once, and nothing if there is no seed", () =>
  withDatabase(async (sql) => {
    const path = await Deno.makeTempDir();
    try {
      const seed = new URL("seed.sql", folderUrl(path));
      strictEqual(await applySeed(sql, seed), false);
      await Deno.writeTextFile(seed, "create table public.seeded (); select 1;");
      strictEqual(await applySeed(sql, seed), true);
      strictEqual(await applySeed(sql, seed), false);
    } finally {
      await Deno.remove(path, { recursive: true });
    }
  }));
