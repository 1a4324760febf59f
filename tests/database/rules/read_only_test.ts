/**
 * A read replica can answer what people read: the page, `deno task status`, and whoever reads a view with the secret key.
 *
 * The lists of rights and the catalogue say what that is, so that a new function or table cannot be forgotten.
 */
import { deepStrictEqual, ok } from "node:assert/strict";
import { OPERATORS_CALL, OPERATORS_READ, VIEWS } from "../../security/rights.ts";
import { fillTables } from "../../security/rows.ts";
import { type Sql, type Suite, withSuite } from "../fixtures.ts";

/** What `deno task status` calls with the secret key besides. */
const STATUS_CALLS = ["job_states"];

/** An argument of each type that a read has, but for empty lists: the match of `fillTables`, and now. */
const ARGUMENTS: Readonly<Record<string, string>> = {
  bigint: "1",
  date: "current_date",
  interval: "interval '1 hour'",
  integer: "1",
  jsonb: "'[]'::jsonb",
  numeric: "0.5",
  text: "'01'",
  "timestamp with time zone": "now()",
  uuid: "gen_random_uuid()",
};

const OPERATOR = JSON.stringify({ app_metadata: { role: "operator" } });

interface Read {
  readonly name: string;
  readonly role: string;
  readonly query: string;
}

/** The failures of reads in read-only transactions, each with the rights of its reader. */
async function failuresOf(sql: Sql, reads: readonly Read[]): Promise<string[]> {
  const failures: string[] = [];
  for (const { name, role, query } of reads) {
    try {
      await sql.begin("read only", async (tx) => {
        await tx`select set_config('request.jwt.claims', ${OPERATOR}, true)`;
        await tx.unsafe(`set local role ${role}`);
        await tx.unsafe(query);
      });
    } catch (error) {
      failures.push(`${name}: ${error instanceof Error ? error.message : error}`);
    }
  }
  return failures;
}

/** A call of each function of the API that changes nothing. */
async function callsOf({ sql }: Suite): Promise<(Read & { isOperators: boolean })[]> {
  const functions = await sql<{ name: string; types: string[] }[]>`
    select proc.proname as name,
      array(
        select pg_catalog.format_type(type.oid, null)
        from unnest(proc.proargtypes) with ordinality as type (oid, place) order by type.place
      ) as types
    from pg_catalog.pg_proc as proc
    where proc.pronamespace = 'public'::regnamespace and proc.provolatile <> 'v'
      and proc.prorettype <> 'trigger'::regtype
    order by 1`;
  return functions.map(({ name, types }) => {
    const isOperators = OPERATORS_CALL.includes(name);
    const args = types.map((type) => {
      const value = type.endsWith("[]") ? `'{}'::${type}` : ARGUMENTS[type];
      if (value === undefined) throw new Error(`Cannot call ${name}: ARGUMENTS must have ${type}`);
      return value;
    });
    return {
      name,
      isOperators,
      role: isOperators ? "authenticated" : "service_role",
      query: `select public.${name}(${args.join(", ")})`,
    };
  });
}

Deno.test(
  "everything that people read works in a read-only transaction",
  withSuite(async (suite) => {
    const { sql } = suite;
    await fillTables(sql);
    const calls = await callsOf(suite);
    deepStrictEqual(calls.filter(({ isOperators }) => isOperators).map(({ name }) => name), [
      ...OPERATORS_CALL,
    ]);
    for (const name of STATUS_CALLS) ok(calls.some((call) => call.name === name), name);
    const reading = (names: readonly string[], role: string) =>
      names.map((name) => ({ name, role, query: `select * from public.${name}` }));
    deepStrictEqual(
      await failuresOf(sql, [
        ...calls,
        ...reading(OPERATORS_READ, "authenticated"),
        ...reading(VIEWS, "service_role"),
      ]),
      [],
    );
  }),
);

Deno.test(
  "no function that changes nothing calls one that may",
  withSuite(async ({ sql }) => {
    const calls = await sql<{ caller: string; callee: string }[]>`
      select caller.proname as caller, callee.proname as callee
      from pg_catalog.pg_proc as caller
      cross join lateral regexp_matches(caller.prosrc, '(?:public|private)\.(\\w+)\\(', 'g') as named (parts)
      join pg_catalog.pg_proc as callee
        on callee.proname = named.parts[1]
        and callee.pronamespace in ('public'::regnamespace, 'private'::regnamespace)
      where caller.pronamespace in ('public'::regnamespace, 'private'::regnamespace)
        and caller.provolatile <> 'v' and callee.provolatile = 'v'`;
    deepStrictEqual([...calls], []);
  }),
);
