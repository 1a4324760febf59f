/** docs/personal_data.md states for every column that can hold text whether it holds personal data. */
import { deepStrictEqual, ok } from "node:assert/strict";
import { withSuite } from "../fixtures.ts";

const PAGE = new URL("../../../docs/personal_data.md", import.meta.url);

/** `table.column` of each line of the page's last table. */
async function judgedColumns(): Promise<string[]> {
  const [, list] = (await Deno.readTextFile(PAGE)).split("## Every column that can hold text");
  ok(list !== undefined, "the page has its list");
  const codes = (cell: string) => [...cell.matchAll(/`([a-z_.]+)`/g)].map(([, name]) => name!);
  return list.split("\n").filter((line) => line.startsWith("| `")).flatMap((line) => {
    const [, table, ...cells] = line.split("|");
    const [name] = codes(table!);
    return cells.flatMap(codes).map((column) => `${name}.${column}`);
  });
}

Deno.test(
  "every column that can hold text is classified once, and no missing column is",
  withSuite(async ({ sql }) => {
    const rows = await sql<{ name: string }[]>`
      select class.oid::regclass || '.' || attribute.attname as name
      from pg_catalog.pg_class as class
      join pg_catalog.pg_attribute as attribute on attribute.attrelid = class.oid
      where class.relnamespace in ('public'::regnamespace, 'private'::regnamespace)
        and class.relkind in ('r', 'p') and not class.relispartition
        and attribute.attnum > 0 and not attribute.attisdropped
        and attribute.atttypid in (
          'text'::regtype, 'varchar'::regtype, 'json'::regtype, 'jsonb'::regtype, 'bytea'::regtype,
          'text[]'::regtype, 'jsonb[]'::regtype, 'bytea[]'::regtype
        )`;
    ok(rows.length > 50, `there are columns to judge, got ${rows.length}`);
    deepStrictEqual((await judgedColumns()).sort(), rows.map(({ name }) => name).sort());
  }),
);

Deno.test(
  "every setting that the page names exists, and every retention setting is named",
  withSuite(async ({ sql }) => {
    const page = await Deno.readTextFile(PAGE);
    const rows = await sql<{ name: string }[]>`
      select attname as name from pg_catalog.pg_attribute
      where attrelid = 'private.settings'::regclass and attname like '%\_kept'`;
    const kept = rows.map(({ name }) => name);
    const named = [...page.matchAll(/`([a-z_]+_kept)`/g)].map(([, name]) => name!);
    const aboutNobody = ["cron_runs_kept", "job_runs_kept", "audits_kept", "observations_kept"];
    deepStrictEqual(
      [...new Set(named)].sort(),
      kept.filter((name) => !aboutNobody.includes(name)).sort(),
    );
  }),
);
