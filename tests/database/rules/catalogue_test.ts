/** Facts of the schema that no single function can be asked about. */
import { deepStrictEqual, ok } from "node:assert/strict";
import { OPERATORS_CALL, OPERATORS_READ, TABLES } from "../../security/rights.ts";
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
  "every table has row level security, partitions too",
  withSuite(async (suite) => {
    const partitions = await names(
      suite,
      `select class.relname as name from ${OUR_TABLES} and class.relispartition`,
    );
    ok(partitions.length >= 5, "there are partitions to look at");
    deepStrictEqual(
      await names(
        suite,
        `select class.oid::regclass::text as name from ${OUR_TABLES} and not class.relrowsecurity`,
      ),
      [],
    );
  }),
);

Deno.test(
  "the roles that external callers can use hold no right on our objects except what operators read",
  withSuite(async (suite) => {
    const roles = `unnest(array['anon', 'authenticated']) as role`;
    deepStrictEqual(
      await names(
        suite,
        `select role || ' on ' || class.oid::regclass as name
         from ${roles} cross join ${OUR_TABLES}
         and has_table_privilege(role, class.oid,
           'insert, update, delete, truncate, references, trigger')`,
      ),
      [],
    );
    deepStrictEqual(
      await names(
        suite,
        `select role || ' on ' || class.oid::regclass as name
         from ${roles} cross join ${OUR_TABLES}
         and has_any_column_privilege(role, class.oid, 'select')`,
      ),
      OPERATORS_READ.filter((name) => Object.hasOwn(TABLES, name))
        .map((name) => `authenticated on ${name}`),
    );
    deepStrictEqual(
      await names(
        suite,
        `select role || ' on ' || proc.proname as name
         from ${roles} cross join ${OUR_FUNCTIONS} and has_function_privilege(role, proc.oid, 'execute')`,
      ),
      OPERATORS_CALL.map((name) => `authenticated on ${name}`),
    );
  }),
);

Deno.test(
  "every function has an empty search_path and runs with its caller's rights",
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
        `select proc.oid::regprocedure::text as name from ${OUR_FUNCTIONS} and proc.prosecdef`,
      ),
      [],
    );
  }),
);

Deno.test(
  "no function has two signatures, since PostgREST could not choose",
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
