import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { BASELINE, writeBaseline } from "../../../../local/migration/baseline.ts";
import { readSchemas } from "../../../../local/migration/schemas.ts";
import { MIGRATIONS, SCHEMAS } from "../../../../local/stack/project.ts";
import project from "../../../../deno.json" with { type: "json" };

Deno.test({
  name: "the baseline is what the schemas generate: run `deno task migration` after a change",
  ignore: Number.parseInt(project.version) >= 1,
  async fn() {
    const files = (await Array.fromAsync(Deno.readDir(MIGRATIONS))).map(({ name }) => name);
    deepStrictEqual(files, [BASELINE]);
    strictEqual(
      await Deno.readTextFile(new URL(BASELINE, MIGRATIONS)),
      writeBaseline(await readSchemas(SCHEMAS)),
    );
  },
});

Deno.test("writeBaseline() concatenates the files, each under its name", () => {
  const [, ...lines] = writeBaseline([
    { path: "10_a/tables.sql", text: "create table public.a ();\n" },
    { path: "20_b/b.sql", text: "select 1;\n" },
  ]).split("\n");
  deepStrictEqual(lines, [
    "-- Change the schemas and run the task again; the task overwrites changes made here.",
    "",
    "-- supabase/schemas/10_a/tables.sql",
    "create table public.a ();",
    "",
    "-- supabase/schemas/20_b/b.sql",
    "select 1;",
    "",
  ]);
});
