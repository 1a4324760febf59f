import { deepStrictEqual, throws } from "node:assert/strict";
import { applyMutation, replaceOnce } from "../../../mutations/apply.ts";
import type { Mutation } from "../../../mutations/mutation.ts";

const mutation: Mutation = {
  name: "a-rule",
  rule: "A rule holds",
  file: "a.ts",
  find: "one",
  replace: "two",
  tests: [],
};

function texts(files: Readonly<Record<string, string>>) {
  return (file: string) => files[file] ?? "";
}

Deno.test("replaceOnce() replaces a text that occurs once", () => {
  deepStrictEqual(replaceOnce("a one b", mutation, "a-rule"), "a two b");
});

for (
  const [what, text, find, found] of [
    ["that is not there", "a b", "one", "it 0 times"],
    ["that is there twice", "one and one", "one", "it 2 times"],
    ["without a letter", "one", "", "an empty text"],
  ] as const
) {
  Deno.test(`replaceOnce() refuses a text ${what}, and names it`, () => {
    throws(() => replaceOnce(text, { ...mutation, find }, "a-rule"), {
      name: "StackFailure",
      message: `Cannot mutate a.ts (a-rule): what is replaced must stand there exactly once, ` +
        `got ${found}: ${JSON.stringify(find)}`,
    });
  });
}

Deno.test("applyMutation() applies all its changes, also several in one file", () => {
  const changed = applyMutation({
    ...mutation,
    also: [
      { file: "a.ts", find: "three", replace: "four" },
      { file: "b.ts", find: "five", replace: "six" },
    ],
  }, texts({ "a.ts": "one three", "b.ts": "five" }));
  deepStrictEqual([...changed], [["a.ts", "two four"], ["b.ts", "six"]]);
});
