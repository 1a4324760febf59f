/** From version 1.0.0 on: a migration holds the changes of the schemas, and waits for the statements that a person must write. */
import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert/strict";
import { pathToFileURL } from "node:url";
import { BASELINE, writeBaseline } from "../../../local/migration/baseline.ts";
import { writeMigration } from "../../../local/migration/write_migration.ts";

type Files = Readonly<Record<string, string>>;

const FILE = "20270101120000_next.sql";
const BY_HAND =
  "-- 2. By hand: changes of tables, columns, constraints, indexes, types and rows.\n\n";

const SCHEMAS: Files = {
  "10_a/tables.sql": `create extension if not exists pg_cron with schema pg_catalog;
create schema private;
create type public.state as enum ('on', 'off');
create table public.things (
  id bigint primary key,
  name text
);
comment on table public.things is 'Things.';
alter table public.things enable row level security;
revoke all on table public.things from public, anon, authenticated, service_role;
grant select on table public.things to service_role;
`,
  "10_a/answer.sql": `-- The answer.

create function public.answer() returns integer language sql set search_path = '' as 'select 42';
comment on function public.answer() is 'The answer.';
revoke all on function public.answer() from public, anon, authenticated, service_role;
grant execute on function public.answer() to service_role;
`,
  "10_a/seen.sql":
    `create view public.seen with (security_invoker = true) as select id from public.things;
comment on view public.seen is 'What is seen.';
revoke all on table public.seen from public, anon, authenticated, service_role;
`,
  "20_b/touch.sql":
    `create function private.touch() returns trigger language plpgsql set search_path = '' as $$ begin return new; end $$;
revoke all on function private.touch() from public, anon, authenticated, service_role;
create trigger touch before update on public.things for each row execute function private.touch();
create policy readers on public.things for select to authenticated using (id > 0);
select cron.schedule('job', '* * * * *', 'select 1');
`,
};

interface Project {
  /** Writes the migration for schemas that differ from the first ones in these files. */
  write(changed: Files, name?: string): Promise<string>;
  read(file?: string): Promise<string>;
  put(file: string, text: string): Promise<void>;
}

async function withProject(run: (project: Project) => Promise<void>): Promise<void> {
  const path = await Deno.makeTempDir();
  const migrations = pathToFileURL(`${path}/`);
  const filesOf = (files: Files) => Object.entries(files).map(([path, text]) => ({ path, text }));
  const put = (file: string, text: string) => Deno.writeTextFile(new URL(file, migrations), text);
  try {
    await put(BASELINE, writeBaseline(filesOf(SCHEMAS)));
    await run({
      put,
      read: (file = FILE) => Deno.readTextFile(new URL(file, migrations)),
      write: (changed, name = "next") =>
        writeMigration({
          serverUrl: Deno.env.get("TEST_DATABASE_URL")!,
          schemas: filesOf({ ...SCHEMAS, ...changed }),
          migrations,
          name,
          now: new Date("2027-01-01T12:00:00Z"),
        }),
    });
  } finally {
    await Deno.remove(path, { recursive: true });
  }
}

/** A file of the schemas with some of its text replaced. */
function changed(file: string, ...replacements: readonly (readonly [string, string])[]): Files {
  let text = SCHEMAS[file]!;
  for (const [find, replace] of replacements) {
    strictEqual(text.split(find).length, 2, find);
    text = text.replace(find, () => replace);
  }
  return { [file]: text };
}

/** The statements of the parts that are generated. */
async function generated({ read }: Project): Promise<{ drops: string[]; changes: string[] }> {
  const [head, tail] = (await read()).split(BY_HAND) as [string, string];
  const list = (text: string) => text.split(/\n\n+/).map((one) => one.trim()).filter(Boolean);
  return {
    drops: list(head).filter((text) => !text.startsWith("-- ")),
    changes: list(tail.slice(tail.indexOf("-- 3."))).slice(1),
  };
}

const FUNCTION = "10_a/answer.sql";
const RIGHTS = [
  "revoke all on function public.answer() from public, anon, authenticated, service_role;",
  "grant execute on function public.answer() to service_role;",
];
const ANSWER =
  "create or replace function public.answer() returns integer language sql set search_path = '' as";

const CASES: readonly {
  readonly what: string;
  readonly schemas: Files;
  readonly drops?: readonly string[];
  readonly changes: readonly string[];
}[] = [
  {
    what: "the whole text of a function whose body changed",
    schemas: changed(FUNCTION, ["select 42", "select 43"]),
    changes: [`-- The answer.`, `${ANSWER} 'select 43';`],
  },
  {
    what: "a comment",
    schemas: changed(FUNCTION, ["'The answer.'", "'Another.'"]),
    changes: ["comment on function public.answer() is 'Another.';"],
  },
  {
    what: "a removed comment",
    schemas: changed(FUNCTION, ["comment on function public.answer() is 'The answer.';\n", ""]),
    changes: ["comment on function public.answer is null;"],
  },
  {
    what: "all rights on an object on which a role lost a right",
    schemas: changed(FUNCTION, [`${RIGHTS[1]}\n`, ""]),
    changes: [RIGHTS[0]!],
  },
  {
    what: "a function with another result, which is dropped before it is created",
    schemas: changed(FUNCTION, ["returns integer", "returns bigint"]),
    drops: ["drop function public.answer;"],
    changes: [
      "-- The answer.",
      `${ANSWER.replace("integer", "bigint")} 'select 42';`,
      "comment on function public.answer() is 'The answer.';",
      ...RIGHTS,
    ],
  },
  {
    what: "a removed function",
    schemas: { [FUNCTION]: "" },
    drops: ["drop function public.answer;"],
    changes: [],
  },
  {
    what: "a view that changed, with comment and rights",
    schemas: changed("10_a/seen.sql", ["select id from", "select id as number from"]),
    drops: ["drop view public.seen;"],
    changes: [
      "create view public.seen with (security_invoker = true) as select id as number from public.things;",
      "comment on view public.seen is 'What is seen.';",
      "revoke all on table public.seen from public, anon, authenticated, service_role;",
    ],
  },
  {
    what: "policy, trigger and job",
    schemas: changed(
      "20_b/touch.sql",
      ["using (id > 0)", "using (id > 1)"],
      ["before update", "before insert"],
      ["'* * * * *'", "'1 * * * *'"],
    ),
    drops: ["drop trigger touch on public.things;", "drop policy readers on public.things;"],
    changes: [
      "create trigger touch before insert on public.things for each row execute function private.touch();",
      "create policy readers on public.things for select to authenticated using (id > 1);",
      "select cron.schedule('job', '1 * * * *', 'select 1');",
    ],
  },
  {
    what: "removed policy, trigger, function and job, in a valid order",
    schemas: { "20_b/touch.sql": "" },
    drops: [
      "select cron.unschedule('job');",
      "drop trigger touch on public.things;",
      "drop policy readers on public.things;",
      "drop function private.touch;",
    ],
    changes: [],
  },
  {
    what: "a new table, whole",
    schemas: {
      "20_b/tables.sql": `create type public.kind as enum ('a');
create table public.more (id bigint primary key, kind public.kind);
create index more_kind_idx on public.more (kind);
alter table public.more enable row level security;
revoke all on table public.more from public, anon, authenticated, service_role;
insert into public.more values (1, 'a');
`,
    },
    changes: [
      "create type public.kind as enum ('a');",
      "create table public.more (id bigint primary key, kind public.kind);",
      "create index more_kind_idx on public.more (kind);",
      "alter table public.more enable row level security;",
      "revoke all on table public.more from public, anon, authenticated, service_role;",
      "insert into public.more values (1, 'a');",
    ],
  },
];

for (const { what, schemas, drops = [], changes } of CASES) {
  Deno.test(`a migration holds ${what}`, () =>
    withProject(async (project) => {
      strictEqual(await project.write(schemas), FILE);
      deepStrictEqual(await generated(project), { drops, changes });
    }));
}

const TABLE_CHANGES:
  readonly (readonly [what: string, schemas: Files, object: string, by: string])[] = [
    [
      "a column is new",
      changed("10_a/tables.sql", [
        "name text\n",
        "name text,\n  size integer not null default 0\n",
      ]),
      "column public.things.size\n  schemas:    integer not null 0\n  migrations: (none)",
      "alter table public.things add column size integer not null default 0;",
    ],
    [
      "a constraint is new",
      changed("10_a/tables.sql", [
        "name text\n",
        "name text,\n  constraint short check (length(name) < 9)\n",
      ]),
      "constraint short on public.things",
      "alter table public.things add constraint short check (length(name) < 9);",
    ],
    [
      "an index is new on a table with rows",
      { "20_b/index.sql": "create index things_idx on public.things (name);" },
      "index things_idx on public.things",
      "create index things_idx on public.things (name);",
    ],
    [
      "a type has another value",
      changed("10_a/tables.sql", ["'off'", "'off', 'half'"]),
      "type public.state",
      "alter type public.state add value 'half';",
    ],
    [
      "a setting's row is new",
      { "20_b/rows.sql": "insert into public.things values (7, 'seven');" },
      "rows of public.things",
      "insert into public.things values (7, 'seven');",
    ],
    [
      "a table has other options",
      changed("10_a/tables.sql", ["  name text\n)", "  name text\n) with (fillfactor = 50)"]),
      "table public.things",
      "alter table public.things set (fillfactor = 50);",
    ],
  ];

for (const [what, schemas, object, statement] of TABLE_CHANGES) {
  Deno.test(`where ${what}, a migration waits for the statement that carries it`, () =>
    withProject(async (project) => {
      await rejects(project.write(schemas), (error: Error) => {
        strictEqual(error.name, "StackFailure");
        match(
          error.message,
          /^Cannot finish 20270101120000_next\.sql: its second part must change/,
        );
        ok(error.message.includes(`got\n${object}`), error.message);
        return true;
      });
      const text = (await project.read()).replace(BY_HAND, `${BY_HAND}${statement}\n\n`);
      await project.put(FILE, text);
      strictEqual(await project.write(schemas), FILE);
      strictEqual(await project.read(), text);
    }));
}

Deno.test("one migration can hold a new column, its statement written by hand, and a view over it", () =>
  withProject(async (project) => {
    const schemas = {
      ...TABLE_CHANGES[0]![1],
      ...changed("10_a/seen.sql", ["select id from", "select id, size from"]),
    };
    await rejects(project.write(schemas), /column public\.things\.size/);
    const alter =
      "-- Counted from now on.\nalter table public.things add column size integer not null default 0;";
    await project.put(FILE, (await project.read()).replace(BY_HAND, `${BY_HAND}${alter}\n\n`));
    await project.write(schemas);
    ok((await project.read()).includes(`\n\n${alter}\n\n-- 3.`));
    deepStrictEqual((await generated(project)).drops, ["drop view public.seen;"]);
    strictEqual((await generated(project)).changes.length, 3);
  }));

Deno.test("a statement by hand that fails, or has another result than the schemas, is reported", () =>
  withProject(async (project) => {
    const [, schemas] = TABLE_CHANGES[0]!;
    await rejects(project.write(schemas));
    const stub = await project.read();
    const by = (statement: string) =>
      project.put(FILE, stub.replace(BY_HAND, `${BY_HAND}${statement}\n\n`));
    await by("alter table public.nothing add column size integer;");
    await rejects(project.write(schemas), {
      name: "StackFailure",
      message:
        /^Cannot apply 20270101120000_next\.sql: .*relation "public\.nothing" does not exist/,
    });
    await by("alter table public.things add column size integer;");
    await rejects(
      project.write(schemas),
      /schemas: {4}integer not null 0\n {2}migrations: integer/,
    );
    await project.put(FILE, "select 1;");
    await rejects(project.write(schemas), /it must keep the heading lines of its three parts/);
  }));

Deno.test("without a change there is no migration", () =>
  withProject(async (project) => {
    await rejects(project.write({}), /the schemas must differ .* got no difference/);
    await rejects(project.read(), Deno.errors.NotFound);
  }));

Deno.test("only the newest migration can be rewritten", () =>
  withProject(async (project) => {
    const first = changed(FUNCTION, ["select 42", "select 43"]);
    await project.write(first);
    await project.put("20270102120000_later.sql", "select 1;");
    await rejects(
      project.write(first),
      /only the newest migration can be written again, got a newer one \(20270102120000_later\)/,
    );
  }));
