/** No SQL is built from input: every statement that a function builds is listed here, with its reason. */
import { deepStrictEqual, ok } from "node:assert/strict";
import { type Sql, withDatabase } from "../support/database.ts";

interface Built {
  readonly why: string;
  readonly statements: readonly string[];
}

/** Table names and partition bounds cannot be parameters, so they enter a statement by %I and %L. */
const BUILT: Readonly<Record<string, Built>> = {
  "private.drop_old_partitions": {
    why: "The names stand in private.event_partitions, which only ensure_partitions writes",
    statements: [
      "pg_catalog.format('alter table public.notification_sends detach partition private.%I', v_partition.partition_name)",
      "pg_catalog.format('drop table private.%I', v_partition.partition_name)",
    ],
  },
  "private.ensure_partitions": {
    why: "Names and bounds are made of a time by to_char and date_trunc",
    statements: [
      "pg_catalog.format('create table private.%I (like public.notification_sends including defaults including constraints)', v_name)",
      "pg_catalog.format('alter table private.%I enable row level security', v_name)",
      "pg_catalog.format('alter table private.%I add constraint sent_at_is_in_partition check (sent_at >= %L and sent_at < %L)', v_name, lower(v_gap), upper(v_gap))",
      "pg_catalog.format('alter table public.notification_sends attach partition private.%I for values from (%L) to (%L)', v_name, lower(v_gap), upper(v_gap))",
      "pg_catalog.format('alter table private.%I drop constraint sent_at_is_in_partition', v_name)",
    ],
  },
  "private.prune_history": {
    why: "Tables and columns stand in the function itself; time and number are parameters",
    statements: [
      "pg_catalog.format('delete from %I.%I where %I in (select %I from %I.%I where %I < $1 order by %I limit $2)', v_kind.schema_name, v_kind.table_name, v_kind.key, v_kind.key, v_kind.schema_name, v_kind.table_name, v_kind.happened_at, v_kind.happened_at) using p_now - v_kind.kept, v_settings.prune_batch",
    ],
  },
};

/** Functions of Postgres that run a text as SQL, or open another connection. */
const RUNS_TEXT =
  /\b(?:query_to_xml\w*|cursor_to_xml\w*|table_to_xml\w*|schema_to_xml\w*|database_to_xml\w*|ts_stat|ts_rewrite|crosstab\w*|connectby|dblink\w*|lo_import|lo_export|pg_read_\w*file|pg_ls_\w+|pg_execute_server_program)\b/i;

interface Source {
  readonly name: string;
  readonly language: string;
  readonly code: string;
}

async function sourcesOf(sql: Sql): Promise<Source[]> {
  const rows = await sql<Source[]>`
    select proc.pronamespace::regnamespace || '.' || proc.proname as name, language.lanname as language,
      proc.prosrc as code
    from pg_catalog.pg_proc as proc
    join pg_catalog.pg_language as language on language.oid = proc.prolang
    where proc.pronamespace in ('public'::regnamespace, 'private'::regnamespace)
    order by 1`;
  return rows.map(({ name, language, code }) => ({
    name,
    language,
    code: code.replaceAll(/--.*$/gm, "").replaceAll(/\s+/g, " "),
  }));
}

/** What follows each `execute`, up to the end of its statement, in one line. */
function builtIn({ code }: Source): string[] {
  return [...code.matchAll(/\bexecute\b\s*(.*?);/gi)]
    .map(([, text = ""]) => text.replaceAll("( ", "(").replaceAll(" )", ")"));
}

Deno.test("every statement that a function builds is listed, and names no input but by %I and %L", () =>
  withDatabase(async (sql) => {
    const sources = await sourcesOf(sql);
    ok(sources.length > 60, "there are functions to look at");
    const found = sources.flatMap((source) => {
      const statements = builtIn(source);
      return statements.length === 0 ? [] : [[source.name, statements] as const];
    });
    deepStrictEqual(
      Object.fromEntries(found),
      Object.fromEntries(
        Object.entries(BUILT).map(([name, { statements }]) => [name, statements]),
      ),
    );
    for (const statement of found.flatMap(([, statements]) => statements)) {
      const [, template = ""] = /^pg_catalog\.format\('([^']*)'/.exec(statement) ?? [];
      ok(template !== "", `a template stands first: ${statement}`);
      deepStrictEqual(template.replaceAll(/%[IL]/g, "").includes("%"), false, template);
    }
  }));

Deno.test("functions are written in SQL and PL/pgSQL, and pass no text to a function that would execute it", () =>
  withDatabase(async (sql) => {
    const sources = await sourcesOf(sql);
    deepStrictEqual([...new Set(sources.map(({ language }) => language))].sort(), [
      "plpgsql",
      "sql",
    ]);
    deepStrictEqual(
      sources.filter(({ code }) => RUNS_TEXT.test(code)).map(({ name }) => name),
      [],
    );
  }));

/** What a message may contain: none of these can hold a line break. */
const NUMBERS_AND_UUIDS = [
  "p_beside_generation",
  "p_generation",
  "p_match_id",
  "p_run_id",
  "v_row.match_id",
];
/** One of a few constants in the function itself. */
const OWN_WORDS = ["v_refused"];

Deno.test("no message that PostgREST puts into a status line contains input", () =>
  withDatabase(async (sql) => {
    const raised = (await sourcesOf(sql)).flatMap(({ code }) =>
      [...code.matchAll(/\braise exception '(?:[^']|'')*'(.*?) using errcode = '(.*?)'/g)]
        .map(([, args = "", errcode = ""]) => ({ args, errcode }))
        .filter(({ errcode }) => errcode.startsWith("PT"))
    );
    ok(raised.length >= 8, `${raised.length} messages to look at`);
    deepStrictEqual(
      raised.flatMap(({ args }) => args.split(",").map((arg) => arg.trim()))
        .filter((arg) => arg !== "" && ![...NUMBERS_AND_UUIDS, ...OWN_WORDS].includes(arg)),
      [],
    );
  }));

Deno.test("pg_cron runs fixed texts only, each one call of one of our functions", () =>
  withDatabase(async (sql) => {
    const jobs = await sql<{ command: string }[]>`select command from cron.job`;
    ok(jobs.length >= 9, "there are jobs to look at");
    const call = /^select private\.[a-z_]+\((?:'[a-z-]+', )?now\(\)\)$/;
    deepStrictEqual(jobs.map(({ command }) => command).filter((text) => !call.test(text)), []);
  }));

Deno.test("only the owner can write the commands of pg_cron and the names of partitions", () =>
  withDatabase(async (sql) => {
    const rights = await sql<{ line: string }[]>`
      select role || ' on ' || name as line
      from unnest(array['anon', 'authenticated', 'service_role']) as role
      cross join unnest(array['cron.job', 'private.event_partitions', 'private.settings']) as name
      where pg_catalog.has_table_privilege(role, name, 'insert, update, delete, truncate')`;
    deepStrictEqual(rights.map(({ line }) => line), []);
  }));
