import { deepStrictEqual, throws } from "node:assert/strict";
import { applyMutation, replaceOnce } from "../../mutations/apply.ts";
import type { Mutation } from "../../mutations/mutation.ts";
import { findFunctions } from "../../mutations/sql_functions.ts";

const mutation: Mutation = {
  name: "a-rule",
  rule: "A rule holds",
  file: "a.ts",
  find: "one",
  replace: "two",
  tests: [],
};

const FIRST = `create function public.claim() returns void as $$
begin one; end;
$$;

create function public.other() returns void as $$
begin one; end;
$$;
`;

function texts(files: Readonly<Record<string, string>>, migrations: readonly string[] = []) {
  return {
    read: (file: string) => files[file] ?? "",
    migrations: migrations.map((text, index) => ({ file: `${index}.sql`, text })),
  };
}

Deno.test("replaceOnce() replaces what stands there once", () => {
  deepStrictEqual(replaceOnce("a one b", mutation, "a-rule"), "a two b");
});

for (
  const [what, text, find, found] of [
    ["that is not there", "a b", "one", "it 0 times"],
    ["that is there twice", "one and one", "one", "it 2 times"],
    ["without a letter", "one", "", "an empty text"],
  ] as const
) {
  Deno.test(`replaceOnce() refuses a text ${what}, and says which`, () => {
    throws(() => replaceOnce(text, { ...mutation, find }, "a-rule"), {
      name: "StackFailure",
      message: `Cannot mutate a.ts (a-rule): what is replaced must stand there exactly once, ` +
        `got ${found}: ${JSON.stringify(find)}`,
    });
  });
}

Deno.test("applyMutation() carries all its changes out, several of one file too", () => {
  const changed = applyMutation({
    ...mutation,
    also: [
      { file: "a.ts", find: "three", replace: "four" },
      { file: "b.ts", find: "five", replace: "six" },
    ],
  }, texts({ "a.ts": "one three", "b.ts": "five" }));
  deepStrictEqual([...changed], [["a.ts", "two four"], ["b.ts", "six"]]);
});

Deno.test("applyMutation() changes a SQL function where it is made last, and there alone", () => {
  const again = FIRST.replace("create function", "create or replace function");
  const changed = applyMutation(
    { ...mutation, file: "public.claim()" },
    texts({ "1.sql": again }, [FIRST, again]),
  );
  deepStrictEqual([...changed], [["1.sql", again.replace("one", "two")]]);
});

Deno.test("applyMutation() finds a function again that an earlier change of it has moved", () => {
  const changed = applyMutation({
    ...mutation,
    file: "public.claim()",
    replace: "something longer",
    also: [{ file: "public.other()", find: "one", replace: "two" }],
  }, texts({ "0.sql": FIRST }, [FIRST]));
  deepStrictEqual([...changed], [[
    "0.sql",
    FIRST.replace("one", "something longer").replace("one", "two"),
  ]]);
});

Deno.test("applyMutation() refuses a SQL function that no migration makes", () => {
  throws(() => applyMutation({ ...mutation, file: "public.gone()" }, texts({}, [FIRST])), {
    message: "Cannot mutate public.gone() (a-rule): a migration must make it, got none",
  });
});

Deno.test("findFunctions() follows a function that is renamed, dropped or made anew", () => {
  const made = (name: string) => `create function ${name}(p jsonb)\nas $$\nbegin\nend;\n$$;\n`;
  const places = findFunctions([
    { file: "1.sql", text: made("public.kept") + made("private.old") + made("public.gone") },
    {
      file: "2.sql",
      text: "alter function private.old(jsonb) rename to new;\n" + made("private.old"),
    },
    { file: "3.sql", text: "drop function public.gone(jsonb);\n" },
  ]);
  deepStrictEqual(
    [...places].map(([name, { file }]) => `${name} in ${file}`).sort(),
    ["private.new in 1.sql", "private.old in 2.sql", "public.kept in 1.sql"],
  );
});
