import { deepStrictEqual, match, ok, throws } from "node:assert/strict";
import { readArguments } from "../../../mutations/arguments.ts";
import type { Mutation } from "../../../mutations/mutation.ts";
import { writeTable } from "../../../mutations/table.ts";

const mutation: Mutation = {
  name: "a-rule",
  rule: "A rule | holds",
  file: "supabase/functions/_shared/http/responses.ts",
  find: "one",
  replace: "two",
  also: [{ file: "public.claim_run()", find: "one", replace: "two" }],
  tests: ["tests/unit/_shared/http/responses_test.ts"],
};
const failed = ["first", "second", "third", "fourth"].map((name) => ({
  file: "tests/unit/_shared/http/responses_test.ts",
  name,
  message: "AssertionError",
}));
const red = { kind: "red", failed } as const;

const rowsOf = (page: string) => page.split("\n").filter((line) => line.startsWith("| "));

Deno.test("writeTable() names the rule, where it was broken and which tests failed", () => {
  const page = writeTable([
    { mutation, verdict: red, worldsResult: null },
    { mutation, verdict: { kind: "red", failed: failed.slice(0, 1) }, worldsResult: null },
    { mutation, verdict: { kind: "green", reason: "all stayed green" }, worldsResult: null },
  ], null);
  const rule =
    "| A rule \\| holds (`a-rule`) | `_shared/http/responses.ts`, `public.claim_run()` |";
  deepStrictEqual(rowsOf(page).slice(2), [
    `${rule} 4 tests: “first”, “second” and 2 more |`,
    `${rule} 1 test: “first” |`,
    `${rule} **green**: all stayed green |`,
  ]);
  match(page, /No worlds of the simulation ran for this page/);
  ok(!page.includes("The world that noticed"));
});

Deno.test("writeTable() names the world that failed, or how many passed", () => {
  const worlds = { worlds: 20, firstSeed: 5 };
  const page = writeTable([
    { mutation, verdict: red, worldsResult: { kind: "failed", seed: 7, rules: ["a", "b"] } },
    { mutation, verdict: red, worldsResult: { kind: "passed", worlds: 20 } },
    { mutation, verdict: red, worldsResult: null },
  ], worlds);
  deepStrictEqual(
    rowsOf(page).map((line) => line.split(" | ").at(-1)),
    ["The world that noticed |", "--- |", "7: a, b |", "not in 20 worlds |", "– |"],
  );
  match(page, /task mutate --table mutations\.md --worlds 20 --first-seed 5\n/);
});

Deno.test("readArguments() of mutate reads every option", () => {
  const nothing = {
    only: [],
    worlds: null,
    postgresBin: undefined,
    table: undefined,
    lists: false,
  };
  for (
    const [args, wanted] of [
      [[], nothing],
      [["--only", "a", "--only", "b"], { ...nothing, only: ["a", "b"] }],
      [["--worlds", "20"], { ...nothing, worlds: { worlds: 20, firstSeed: 1 } }],
      [["--worlds=20", "--first-seed=5"], { ...nothing, worlds: { worlds: 20, firstSeed: 5 } }],
      [["--table", "page.md", "--postgres-bin", "/bin"], {
        ...nothing,
        table: "page.md",
        postgresBin: "/bin",
      }],
      [["--list"], { ...nothing, lists: true }],
    ] as const
  ) {
    deepStrictEqual(readArguments(args, ["a", "b"]), wanted);
  }
});

for (
  const [args, message] of [
    [["--only", "c"], /--only must name a mutation \(see --list\), got "c"/],
    [
      ["--only", "a", "--table", "page.md"],
      /Cannot write the table: it must hold every mutation, got --only/,
    ],
    [["--first-seed", "5"], /--first-seed must come with --worlds, got it alone/],
    [["--worlds", "none"], /--worlds must be a whole number from 1 to 999999999, got "none"/],
    [["--world", "1"], /--world/],
  ] as const
) {
  Deno.test(`readArguments() of mutate refuses ${args.join(" ")}`, () => {
    throws(() => readArguments(args, ["a", "b"]), { name: "UsageFailure", message });
  });
}
