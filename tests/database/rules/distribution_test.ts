/**
 * One text of SQL for one server and for a Citus cluster, where only the events are spread, by their time.
 *
 * What the engine forbids there shows only on a cluster, which CI does not have: the catalogue and the text of each function
 * are held to it here. docs/scaling.md says what was run on a cluster.
 */
import { deepStrictEqual, ok } from "node:assert/strict";
import { type Suite, withSuite } from "../fixtures.ts";

const EVENTS = "public.notification_sends";
const COLUMN = "sent_at";
const DISTRIBUTE = new URL("../../../citus/distribute.sql", import.meta.url);
const PAGE = new URL("../../../docs/scaling.md", import.meta.url);

interface Routine {
  readonly name: string;
  readonly language: string;
  readonly has_parameters: boolean;
  readonly source: string;
}

/** The functions whose text names the events, without comments. */
async function readersOf({ sql }: Suite): Promise<Routine[]> {
  const rows = await sql<Routine[]>`
    select proc.proname as name, language.lanname as language, proc.pronargs > 0 as has_parameters, proc.prosrc as source
    from pg_catalog.pg_proc as proc
    join pg_catalog.pg_language as language on language.oid = proc.prolang
    where proc.pronamespace in ('public'::regnamespace, 'private'::regnamespace)
      and proc.prosrc like '%notification_sends%'
    order by 1`;
  return rows.map((row) => ({ ...row, source: row.source.replaceAll(/--.*$/gm, "") }));
}

/** The statements of a function that name the events. */
function statementsOf({ source }: Routine): string[] {
  return source.split(";").filter((statement) => statement.includes(EVENTS));
}

interface Level {
  /** What stands before its parenthesis. */
  readonly before: string;
  /** Its own text, without that of the parentheses inside. */
  readonly own: string;
}

/** The parentheses of a statement, and the statement itself. */
function levelsOf(statement: string): Level[] {
  const levels: Level[] = [];
  const open: { before: string; own: string }[] = [{ before: "", own: "" }];
  for (const letter of statement) {
    const top = open.at(-1)!;
    if (letter === "(") open.push({ before: top.own.trimEnd(), own: "" });
    else if (letter === ")" && open.length > 1) levels.push(open.pop()!);
    else top.own += letter;
  }
  return [...levels, ...open];
}

/** Levels that read the events, each with the name of its function. */
function* readingLevels(routines: readonly Routine[]): Generator<Level & { name: string }> {
  for (const routine of routines) {
    for (const statement of statementsOf(routine)) {
      for (const level of levelsOf(statement)) {
        if (level.own.includes(EVENTS)) yield { name: routine.name, ...level };
      }
    }
  }
}

Deno.test(
  "the page and the script on scaling spread the events by their time, and nothing else",
  async () => {
    const spread = (await Deno.readTextFile(DISTRIBUTE)).matchAll(
      /create_distributed_table\('([^']+)', '([^']+)'/g,
    );
    deepStrictEqual([...spread].map(([, table, column]) => [table, column]), [[EVENTS, COLUMN]]);
    const page = await Deno.readTextFile(PAGE);
    ok(page.includes(`Only \`notification_sends\` is spread over the workers, by \`${COLUMN}\``));
  },
);

Deno.test(
  "each unique key of the events has their time, and neither a foreign key, a trigger nor a policy is theirs",
  withSuite(async ({ sql }) => {
    const keys = await sql<{ name: string; columns: string[] }[]>`
      select index.indexrelid::regclass::text as name,
        array(
          select attribute.attname::text
          from unnest(index.indkey) as key
          join pg_catalog.pg_attribute as attribute
            on attribute.attrelid = index.indrelid and attribute.attnum = key
        ) as columns
      from pg_catalog.pg_index as index
      where index.indisunique and index.indrelid = ${EVENTS}::regclass`;
    ok(keys.length > 0);
    deepStrictEqual(keys.filter(({ columns }) => !columns.includes(COLUMN)), []);
    const forbidden = await sql`
      select conname::text as name from pg_catalog.pg_constraint
      where contype = 'f' and ${EVENTS}::regclass in (conrelid, confrelid)
      union all
      select tgname::text from pg_catalog.pg_trigger where tgrelid = ${EVENTS}::regclass
      union all
      -- A claim of a token does not reach the workers.
      select polname::text from pg_catalog.pg_policy where polrelid = ${EVENTS}::regclass
      union all
      select relname::text from pg_catalog.pg_class
      where relkind in ('v', 'm') and relnamespace in ('public'::regnamespace, 'private'::regnamespace)
        and pg_catalog.pg_get_viewdef(oid) like '%notification_sends%'`;
    deepStrictEqual([...forbidden], []);
  }),
);

Deno.test(
  "a function with parameters that reads events is in plpgsql",
  withSuite(async (suite) => {
    const readers = await readersOf(suite);
    ok(readers.length > 20);
    deepStrictEqual(
      readers.filter(({ language, has_parameters }) => has_parameters && language !== "plpgsql")
        .map(({ name }) => name),
      [],
    );
  }),
);

Deno.test(
  "no statement locks rows of events, changes their time, or selects nothing from them",
  withSuite(async (suite) => {
    const found = { locks: new Set<string>(), moves: new Set<string>(), empty: new Set<string>() };
    for (const { name, own } of readingLevels(await readersOf(suite))) {
      if (/\bfor\s+(no\s+key\s+)?(update|share)\b/.test(own)) found.locks.add(name);
      const changes =
        /\bupdate\s+public\.notification_sends\b[^]*?\bset\b([^]*?)(\bwhere\b|\bfrom\b|$)/
          .exec(own)?.[1];
      if (changes !== undefined && /\bsent_at\s*=/.test(changes)) found.moves.add(name);
      if (/\bselect\s+from\b/.test(own)) found.empty.add(name);
    }
    deepStrictEqual([...found.locks], []);
    deepStrictEqual([...found.moves], []);
    deepStrictEqual([...found.empty], []);
  }),
);

Deno.test(
  "no statement joins events with another table, looks into them for each row, or asks whether there are some for it",
  withSuite(async (suite) => {
    const tables = (await suite.sql<{ name: string }[]>`
      select relnamespace::regnamespace || '.' || relname as name from pg_catalog.pg_class
      where relkind in ('r', 'p', 'v') and not relispartition
        and relnamespace in ('public'::regnamespace, 'private'::regnamespace)`)
      .map(({ name }) => name).filter((name) => name !== EVENTS);
    const wrong: string[] = [];
    for (const { name, before, own } of readingLevels(await readersOf(suite))) {
      if (/\b(lateral|exists)$/.test(before)) wrong.push(`${name}: ${before.slice(-20).trim()}`);
      for (const table of tables) {
        if (new RegExp(`\\b(from|join|using)\\s+${table}\\b`).test(own)) {
          wrong.push(`${name}: ${table}`);
        }
      }
    }
    deepStrictEqual(wrong, []);
  }),
);
