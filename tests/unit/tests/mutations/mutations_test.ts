/** The list of mutations itself: each still applies, and each is distinct from the others. */
import { deepStrictEqual, notStrictEqual, ok } from "node:assert/strict";
import { join } from "node:path";
import { applyMutation } from "../../../mutations/apply.ts";
import { MUTATIONS } from "../../../mutations/mutations.ts";
import { readProject, ROOT, textsOf } from "../../../mutations/project.ts";

Deno.test("each mutation applies to the current project", async () => {
  const texts = textsOf(await readProject());
  for (const mutation of MUTATIONS) {
    const changed = [...applyMutation(mutation, texts)];
    ok(changed.length > 0);
    for (const [file, text] of changed) {
      notStrictEqual(text, texts(file), `${mutation.name} changes ${file}`);
    }
  }
});

Deno.test("each mutation names existing tests", async () => {
  for (const { name, tests } of MUTATIONS) {
    ok(tests.length > 0, `${name} names tests`);
    for (const path of tests) ok((await Deno.stat(join(ROOT, path))).isFile, `${name}: ${path}`);
  }
});

Deno.test("no two mutations have one name or one rule", () => {
  for (const field of ["name", "rule"] as const) {
    const all = MUTATIONS.map((mutation) => mutation[field]);
    deepStrictEqual(all.filter((one, index) => all.indexOf(one) !== index), []);
  }
});
