/** How the schemas are read, and which file holds each object. */
import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import { inOrder, readSchemas, statementsOf } from "../../../../local/migration/schemas.ts";
import { SCHEMAS } from "../../../../local/stack/project.ts";

const objectsOf = (text: string) =>
  statementsOf([{ path: "10_a/a.sql", text }]).map(({ object }) => object);

for (
  const [statement, object] of [
    ["create schema private", "schema private"],
    ["create extension if not exists pg_net with schema extensions", "extension pg_net"],
    ["create type public.state as enum ('a')", "type public.state"],
    ["create table public.a (id int)", "table public.a"],
    ["alter table public.a enable row level security", "table public.a"],
    ["create unique index a_idx on public.a (id)", "index a_idx on public.a"],
    ["create function public.f(p int) returns int language sql as 'select 1'", "function public.f"],
    ["create view public.v as select 1", "view public.v"],
    ["create policy p on public.a for select using (true)", "policy p on public.a"],
    [
      "create trigger t\nbefore update of id on public.a execute function f()",
      "trigger t on public.a",
    ],
    ["comment on column public.a.id is 'One.'", "comment on column public.a.id"],
    ["comment on function public.f(int) is 'One.'", "comment on function public.f"],
    ["grant select (id) on public.a to authenticated", "privileges on table public.a"],
    ["revoke all on table public.a from public", "privileges on table public.a"],
    ["revoke all on function public.f(int) from public", "privileges on function public.f"],
    ["grant usage on schema private to service_role", "privileges on schema private"],
    ["revoke all on sequence public.a_id_seq from anon", "privileges on sequence public.a_id_seq"],
    ["select cron.schedule('job', '* * * * *', 'select 1')", "cron job job"],
    ["insert into private.settings default values", "rows of private.settings"],
  ] as const
) {
  Deno.test(`statementsOf() names the object of: ${statement.replace("\n", " ")}`, () => {
    deepStrictEqual(objectsOf(`-- Why.\n${statement};`), [object]);
  });
}

Deno.test("statementsOf() refuses a statement that is not a declaration", () => {
  throws(() => objectsOf("alter table public.a add column b int;"), {
    name: "StackFailure",
    message: /^Cannot read 10_a\/a\.sql: each statement must create .* got\nalter table public\.a/,
  });
});

Deno.test("inOrder() returns files folder by folder, in each the tables first", () => {
  const paths = ["20_b/tables.sql", "20_b/alpha.sql", "10_a/z.sql", "10_a/b.sql"];
  deepStrictEqual(
    inOrder(paths.map((path) => ({ path, text: "" }))).map(({ path }) => path),
    ["10_a/b.sql", "10_a/z.sql", "20_b/tables.sql", "20_b/alpha.sql"],
  );
});

Deno.test("each function is in the file of its name, or before its only caller in the caller's file", async () => {
  const files = await readSchemas(SCHEMAS);
  const makes = files.map(({ path, text }) => ({
    path,
    text,
    name: path.replace(/^.*\/(.*)\.sql$/, "$1"),
    functions: [...text.matchAll(/^create function ([\w.]+)/gm)].map((match) => match[1]!),
  }));
  ok(makes.flatMap(({ functions }) => functions).length > 100);
  const faults: string[] = [];
  for (const { path, name, functions } of makes) {
    const own = functions.filter((one) => one.split(".")[1] === name);
    if (functions.length === 0) continue;
    strictEqual(own.length, 1, `${path} makes one function of its name`);
    for (const helper of functions.filter((one) => one !== own[0])) {
      if (!helper.startsWith("private.")) faults.push(`${helper} in ${path} is no private helper`);
      const callers = files.filter((file) => file.text.includes(`${helper}(`));
      if (callers.length > 1) faults.push(`${helper} in ${path} has callers in other files`);
    }
  }
  deepStrictEqual(faults, []);
});

Deno.test("each table, view, function and identity revokes all rights before it grants any", async () => {
  const statements = statementsOf(await readSchemas(SCHEMAS));
  const FROM = "from public, anon, authenticated, service_role";
  const wanted = statements.flatMap(({ object, text }) => {
    if (/^(?:function|table) /.test(object) && !text.includes("enable row level security")) {
      const [, identity] = /^ {2}(\w+) bigint generated always as identity/m.exec(text) ?? [];
      const sequence = `sequence ${object.slice("table ".length)}_${identity}_seq`;
      return [`privileges on ${object}`, ...(identity ? [`privileges on ${sequence}`] : [])];
    }
    return object.startsWith("view ") ? [`privileges on table ${object.slice(5)}`] : [];
  });
  ok(wanted.length > 130);
  deepStrictEqual(
    wanted.filter((object) => {
      const first = statements.find((statement) => statement.object === object);
      return !first?.text.startsWith("revoke all on ") || !first.text.endsWith(FROM);
    }),
    [],
  );
});
