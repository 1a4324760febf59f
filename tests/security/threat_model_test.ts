/** docs/security.md names the test of each row: each must exist. */
import { deepStrictEqual, ok } from "node:assert/strict";
import { readText } from "../support/sources.ts";

async function exists(path: string): Promise<boolean> {
  const url = new URL(`../../${path}`, import.meta.url);
  return await Deno.stat(url).then(() => true, () => false);
}

Deno.test("every row of the threat model names tests that exist", async () => {
  const text = await readText("docs/security.md");
  const table = text.slice(text.indexOf("## Who"), text.indexOf("## Secrets"));
  const rows = table.split("\n").filter((line) => /^\| [^-]/.test(line)).slice(1);
  ok(rows.length > 10, `${rows.length} rows`);
  const missing: string[] = [];
  for (const row of rows) {
    const shownBy = row.split("|").at(-2) ?? "";
    const names = [...shownBy.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name);
    if (names.length === 0) missing.push(`${row.slice(0, 60)}: no test`);
    for (const name of names) {
      const path = name.includes("/") ? name : `tests/security/${name}_test.ts`;
      if (!await exists(path)) missing.push(path);
    }
  }
  deepStrictEqual(missing, []);
});
