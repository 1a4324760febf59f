/** The rights that the catalogue holds are those of tests/security/rights.ts: none is missing, none is one too many. */
import { deepStrictEqual, ok } from "node:assert/strict";
import {
  FUNCTIONS,
  OPERATORS_CALL,
  OPERATORS_CALL_PRIVATE,
  OPERATORS_READ,
  OPERATORS_READ_PRIVATE,
  PRIVATE_FUNCTIONS,
  PRIVATE_TABLES,
  TABLES,
  VIEWS,
} from "../../security/rights.ts";
import { type Suite, withSuite } from "../fixtures.ts";

/** `name: who: what` of each row of a query that returns these columns, in one order. */
async function linesOf({ sql }: Suite, query: string): Promise<string[]> {
  const rows = await sql.unsafe<{ name: string; who: string; what: string }[]>(query);
  return rows.map(({ name, who, what }) => `${name}: ${who}: ${what}`).sort();
}

/** An access list that was never changed is null, and means the default, which for functions includes everybody. */
const holders = (list: string, kind: string, owner: string) => `
  cross join lateral pg_catalog.aclexplode(coalesce(${list}, pg_catalog.acldefault('${kind}', ${owner}))) as acl
  cross join lateral (
    select case acl.grantee when 0 then 'everybody' else acl.grantee::regrole::text end as who
  ) as grantee`;

const OUR_RELATIONS = `
  class.relnamespace in ('public'::regnamespace, 'private'::regnamespace)
  and class.relkind in ('r', 'p', 'v', 'm', 'f')`;

const LETTERS: Readonly<Record<string, string>> = {
  s: "SELECT",
  i: "INSERT",
  u: "UPDATE",
  d: "DELETE",
};

function tableLines(
  schema: string,
  tables: Readonly<Record<string, string>>,
  who: string,
): string[] {
  return Object.entries(tables).map(([name, letters]) => {
    const rights = [...letters].map((letter) => LETTERS[letter]).sort();
    return `${schema}.${name}: ${who}: ${rights.join(" ")}`;
  });
}

const reading = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, "s"]));

Deno.test(
  "each table and view is granted what its users need and nothing else, partitions to nobody",
  withSuite(async (suite) => {
    deepStrictEqual(
      await linesOf(
        suite,
        `select class.relnamespace::regnamespace || '.' || class.relname as name, who,
           string_agg(acl.privilege_type, ' ' order by acl.privilege_type) as what
         from pg_catalog.pg_class as class ${holders("class.relacl", "r", "class.relowner")}
         where ${OUR_RELATIONS} and acl.grantee <> class.relowner
         group by class.oid, who`,
      ),
      [
        ...tableLines("public", { ...TABLES, ...reading(VIEWS) }, "service_role"),
        ...tableLines("private", PRIVATE_TABLES, "service_role"),
        ...tableLines("public", reading(OPERATORS_READ), "authenticated"),
        ...tableLines("private", reading(OPERATORS_READ_PRIVATE), "authenticated"),
      ].sort(),
    );
  }),
);

Deno.test(
  "no column has grants of its own",
  withSuite(async (suite) => {
    deepStrictEqual(
      await linesOf(
        suite,
        `select attribute.attrelid::regclass || '.' || attribute.attname as name, who,
           acl.privilege_type as what
         from pg_catalog.pg_attribute as attribute
         join pg_catalog.pg_class as class on class.oid = attribute.attrelid
         ${holders("attribute.attacl", "c", "class.relowner")}
         where ${OUR_RELATIONS} and acl.grantee <> class.relowner`,
      ),
      [],
    );
  }),
);

Deno.test(
  "each function is granted to service_role, those of the dashboard to who is signed in too, those of cron to nobody",
  withSuite(async (suite) => {
    deepStrictEqual(
      await linesOf(
        suite,
        `select proc.pronamespace::regnamespace || '.' || proc.proname as name, who,
           acl.privilege_type as what
         from pg_catalog.pg_proc as proc ${holders("proc.proacl", "f", "proc.proowner")}
         where proc.pronamespace in ('public'::regnamespace, 'private'::regnamespace)
           and acl.grantee <> proc.proowner`,
      ),
      [
        ...FUNCTIONS.map((name) => `public.${name}: service_role: EXECUTE`),
        ...PRIVATE_FUNCTIONS.map((name) => `private.${name}: service_role: EXECUTE`),
        ...OPERATORS_CALL.map((name) => `public.${name}: authenticated: EXECUTE`),
        ...OPERATORS_CALL_PRIVATE.map((name) => `private.${name}: authenticated: EXECUTE`),
      ].sort(),
    );
  }),
);

Deno.test(
  "no function of the API is without a caller",
  withSuite(async ({ sql }) => {
    const rows = await sql<{ name: string }[]>`
      select proname as name from pg_catalog.pg_proc
      where pronamespace = 'public'::regnamespace and prorettype <> 'trigger'::regtype order by 1`;
    deepStrictEqual(rows.map(({ name }) => name), FUNCTIONS);
  }),
);

Deno.test(
  "no sequence is granted, and the schema private is open to service_role and to the functions of operators",
  withSuite(async (suite) => {
    deepStrictEqual(
      await linesOf(
        suite,
        `select class.relname as name, who, acl.privilege_type as what
         from pg_catalog.pg_class as class ${holders("class.relacl", "s", "class.relowner")}
         where class.relnamespace in ('public'::regnamespace, 'private'::regnamespace)
           and class.relkind = 'S' and acl.grantee <> class.relowner
         union all
         select namespace.nspname, who, acl.privilege_type
         from pg_catalog.pg_namespace as namespace ${
          holders("namespace.nspacl", "n", "namespace.nspowner")
        }
         where namespace.nspname = 'private' and acl.grantee <> namespace.nspowner`,
      ),
      ["private: authenticated: USAGE", "private: service_role: USAGE"],
    );
  }),
);

Deno.test(
  "the roles that callers take on belong to no other role, whose rights they would have too",
  withSuite(async ({ sql }) => {
    const rows = await sql`
      select member::regrole::text as member, roleid::regrole::text as role
      from pg_catalog.pg_auth_members
      where member in ('anon'::regrole, 'authenticated'::regrole, 'service_role'::regrole)`;
    deepStrictEqual([...rows], []);
  }),
);

Deno.test(
  "every table has row level security, partitions too",
  withSuite(async ({ sql }) => {
    const tables = await sql<{ name: string; is_partition: boolean; is_secured: boolean }[]>`
      select class.oid::regclass::text as name, class.relispartition as is_partition,
        class.relrowsecurity as is_secured
      from pg_catalog.pg_class as class
      where class.relnamespace in ('public'::regnamespace, 'private'::regnamespace)
        and class.relkind in ('r', 'p')`;
    ok(tables.filter((table) => table.is_partition).length >= 5, "there are partitions to look at");
    deepStrictEqual(tables.filter((table) => !table.is_secured), []);
  }),
);
