/** Facts of the schema that no single function can be asked about. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { RUN_AS_OWNER } from "../../security/rights.ts";
import { type Suite, withSuite } from "../fixtures.ts";

async function names({ sql }: Suite, query: string): Promise<string[]> {
  const rows = await sql.unsafe<{ name: string }[]>(query);
  return rows.map(({ name }) => name).sort();
}

const OUR_TABLES = `
  pg_catalog.pg_class as class
  join pg_catalog.pg_namespace as namespace on namespace.oid = class.relnamespace
  where namespace.nspname in ('public', 'private') and class.relkind in ('r', 'p')`;

const OUR_FUNCTIONS = `
  pg_catalog.pg_proc as proc
  join pg_catalog.pg_namespace as namespace on namespace.oid = proc.pronamespace
  where namespace.nspname in ('public', 'private')`;

Deno.test(
  "every function has an empty search_path and runs with its caller's rights, but for what reads events for operators",
  withSuite(async (suite) => {
    const all = await names(suite, `select proc.proname as name from ${OUR_FUNCTIONS}`);
    ok(all.length >= 20, "there are functions to look at");
    deepStrictEqual(
      await names(
        suite,
        `select proc.oid::regprocedure::text as name from ${OUR_FUNCTIONS}
         and ('search_path=""' = any (proc.proconfig)) is not true`,
      ),
      [],
    );
    deepStrictEqual(
      await names(
        suite,
        `select proc.proname as name from ${OUR_FUNCTIONS} and proc.prosecdef`,
      ),
      [...RUN_AS_OWNER],
    );
  }),
);

Deno.test(
  "every table, view and function has a comment",
  withSuite(async (suite) => {
    deepStrictEqual(
      await names(
        suite,
        `select proc.oid::regprocedure::text as name from ${OUR_FUNCTIONS}
         and coalesce(obj_description(proc.oid, 'pg_proc'), '') = ''
         union all
         select class.oid::regclass::text
         from pg_catalog.pg_class as class
         where class.relnamespace in ('public'::regnamespace, 'private'::regnamespace)
           and class.relkind in ('r', 'p', 'v', 'm') and not class.relispartition
           and coalesce(obj_description(class.oid, 'pg_class'), '') = ''`,
      ),
      [],
    );
  }),
);

Deno.test(
  "no function has two signatures: PostgREST could not choose",
  withSuite(async (suite) => {
    deepStrictEqual(
      await names(
        suite,
        `select proc.proname as name from ${OUR_FUNCTIONS} group by proc.proname having count(*) > 1`,
      ),
      [],
    );
  }),
);

Deno.test(
  "every foreign key is the beginning of an index",
  withSuite(async (suite) => {
    const keys = `
      pg_catalog.pg_constraint as key
      where key.contype = 'f'
        and key.connamespace in ('public'::regnamespace, 'private'::regnamespace)`;
    ok((await names(suite, `select key.conname as name from ${keys}`)).length >= 4);
    deepStrictEqual(
      await names(
        suite,
        `select key.conname as name from ${keys}
         and not exists (
           select 1 from pg_catalog.pg_index as index
           where index.indrelid = key.conrelid and index.indpred is null
             and (index.indkey::smallint[])[0:cardinality(key.conkey) - 1] @> key.conkey
         )`,
      ),
      [],
    );
  }),
);

Deno.test(
  "every time is a timestamptz, and every table has a primary key",
  withSuite(async (suite) => {
    deepStrictEqual(
      await names(
        suite,
        `select table_name || '.' || column_name as name from information_schema.columns
         where table_schema in ('public', 'private') and data_type = 'timestamp without time zone'`,
      ),
      [],
    );
    deepStrictEqual(
      await names(
        suite,
        `select class.relname as name from ${OUR_TABLES}
         and not exists (
           select 1 from pg_catalog.pg_constraint as key
           where key.conrelid = class.oid and key.contype = 'p'
         )`,
      ),
      [],
    );
  }),
);

Deno.test(
  "every function that may read a table runs without JIT",
  withSuite(async (suite) => {
    // The planner's estimates of our statements are far too high: compiling one of 20 ms takes seconds.
    const reads = "and proc.provolatile <> 'i'";
    const all = await names(suite, `select proc.proname as name from ${OUR_FUNCTIONS} ${reads}`);
    ok(all.length >= 20, "there are functions to look at");
    const [{ jit } = {}] = await suite.sql`show jit`;
    strictEqual(jit, "on", "the servers of the tests have JIT, as a hosted project");
    deepStrictEqual(
      await names(
        suite,
        `select proc.oid::regprocedure::text as name from ${OUR_FUNCTIONS} ${reads}
         and ('jit=off' = any (proc.proconfig)) is not true`,
      ),
      [],
    );
  }),
);

/** The statements in SQL text that change rows of a table, each up to its end. */
function changesIn(sql: string): string[] {
  const text = sql.replaceAll(/--[^\n]*/g, "");
  const found: string[] = [];
  for (
    const { index } of text.matchAll(/(?<![\w.])(?:update\s+[a-z_]+\.\w+|delete\s+from\s+\S+)/g)
  ) {
    let depth = 0;
    let end = index;
    for (; end < text.length; end++) {
      if (text[end] === "(") depth++;
      if (text[end] === ")" && --depth < 0) break;
      if (text[end] === ";" && depth === 0) break;
    }
    found.push(text.slice(index, end));
  }
  return found;
}

/** Without what stands in brackets. */
function outer(statement: string): string {
  const inside = /\([^()]*\)/g;
  return inside.test(statement) ? outer(statement.replaceAll(inside, " ")) : statement;
}

Deno.test(
  "no function changes or deletes rows without a condition: sessions that load safeupdate refuse it",
  withSuite(async ({ sql }) => {
    const rows = await sql<{ name: string; source: string }[]>`
      select proc.oid::regprocedure::text as name, proc.prosrc as source from pg_catalog.pg_proc as proc
      where proc.pronamespace in ('public'::regnamespace, 'private'::regnamespace)`;
    const all = rows.flatMap(({ name, source }) =>
      changesIn(source).map((statement) => ({ name, statement }))
    );
    ok(all.length >= 100, `there are statements to look at, got ${all.length}`);
    deepStrictEqual(all.filter(({ statement }) => !/\bwhere\b/.test(outer(statement))), []);
    // The check itself.
    const bare =
      "with a as (update public.t set x = (select 1 where true)) delete from public.u; end";
    deepStrictEqual(
      changesIn(bare).filter((statement) => !/\bwhere\b/.test(outer(statement))).length,
      2,
    );
  }),
);
