/** The suite shares its database with the project that it is installed in, and changes no foreign objects. */
import { deepStrictEqual, ok } from "node:assert/strict";
import { readCatalogue } from "../../../local/migration/catalogue.ts";
import { bootstrap, MIGRATIONS, prepareProject } from "../../../local/stack/project.ts";
import { type Sql, withDatabase, withEmptyDatabase } from "../../support/database.ts";

const OBJECTS = ["public.theirs_before", "public.theirs_after", "theirs.before", "theirs.after"];

async function createObjects(sql: Sql, moment: "before" | "after"): Promise<void> {
  for (const name of OBJECTS.filter((name) => name.endsWith(moment))) {
    await sql.unsafe(`
      create table ${name} (id bigint generated always as identity primary key);
      create view ${name}_view as select id from ${name};
      create type ${name}_type as (id bigint);
      create function ${name}() returns integer language sql as 'select 1'`).simple();
  }
}

/** The privileges on all objects except system objects, by name; default privileges too. */
async function rights(sql: Sql): Promise<Map<string, string>> {
  const rows = await sql<{ name: string; acl: string }[]>`
    with named (class, oid, name, acl) as (
      select 'relation', oid, oid::regclass::text, relacl from pg_class
      union all select 'function', oid, oid::regprocedure::text, proacl from pg_proc
      union all select 'type', oid, oid::regtype::text, typacl from pg_type where typrelid = 0 and typelem = 0
      union all select 'schema', oid, nspname, nspacl from pg_namespace where nspname <> 'pg_toast'
      union all select 'database', oid, 'this', datacl from pg_database where datname = current_database()
      union all select 'default', oid,
        defaclrole::regrole || ' ' || defaclnamespace::regnamespace || ' ' || defaclobjtype::text, defaclacl
      from pg_default_acl
    )
    select class || ' ' || name as name, coalesce(acl::text, '') as acl from named`;
  return new Map(rows.map(({ name, acl }) => [name, acl]));
}

Deno.test("the migrations change no right on foreign objects, and no default", () =>
  withEmptyDatabase(async (sql) => {
    await bootstrap(sql);
    await sql`create schema theirs`;
    await sql`alter default privileges in schema theirs grant select on tables to authenticated`;
    await createObjects(sql, "before");
    const before = await rights(sql);

    await prepareProject(sql, MIGRATIONS);
    await createObjects(sql, "after");
    const after = await rights(sql);

    ok([...before.keys()].filter((name) => name.includes("theirs")).length >= 10);
    deepStrictEqual(
      [...before].filter(([name, acl]) => after.get(name) !== acl)
        .map(([name, acl]) => ({ name, before: acl, after: after.get(name) })),
      [],
    );
    const named = (moment: string) =>
      [...after].filter(([name]) => /\btheirs[._]/.test(name) && name.includes(moment))
        .map(([name, acl]) => `${name.replaceAll(moment, "")}: ${acl}`).sort();
    deepStrictEqual(named("after"), named("before"));
    deepStrictEqual(
      [...after.keys()].filter((name) => name.startsWith("default ")).sort(),
      [...before.keys()].filter((name) => name.startsWith("default ")).sort(),
    );
  }));

Deno.test("the project's default privileges open none of our objects", async () => {
  let wanted: readonly (readonly [string, string])[] = [];
  const privileges = async (sql: Sql) =>
    [...await readCatalogue(sql)].filter(([object]) => object.startsWith("privileges on ")).sort();
  await withDatabase(async (sql) => void (wanted = await privileges(sql)));
  await withEmptyDatabase(async (sql) => {
    await bootstrap(sql);
    for (const kind of ["tables", "sequences", "functions"]) {
      await sql.unsafe(`alter default privileges in schema public
        grant all on ${kind} to anon, authenticated, service_role`);
    }
    await prepareProject(sql, MIGRATIONS);
    ok(wanted.length > 100);
    deepStrictEqual(await privileges(sql), wanted);
  });
});
