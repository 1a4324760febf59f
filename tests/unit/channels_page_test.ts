/** docs/channels.md states nothing that no test shows. */
import { deepStrictEqual, ok } from "node:assert/strict";
import { readText } from "../support/sources.ts";

Deno.test("every statement of docs/channels.md names a test that exists", async () => {
  const rows = (await readText("docs/channels.md")).split("\n")
    .filter((line) => /^\| (?!-|What )/.test(line));
  ok(rows.length >= 10, "there are statements to look at");
  const missing: string[] = [];
  for (const row of rows) {
    const [, path, name] = /`(tests\/\S+_test\.ts): (.+)` \|$/.exec(row) ?? [];
    const text = path === undefined ? "" : await readText(path).catch(() => "");
    if (name === undefined || !['"', "`"].some((quote) => text.includes(`${quote}${name}`))) {
      missing.push(row);
    }
  }
  deepStrictEqual(missing, []);
});
