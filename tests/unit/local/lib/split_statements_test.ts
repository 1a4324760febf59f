import { deepStrictEqual } from "node:assert/strict";
import { splitStatements } from "../../../../local/lib/split_statements.ts";

for (
  const [what, script, statements] of [
    ["plain statements", "select 1;\nselect 2;\n", ["select 1", "select 2"]],
    ["a last statement without its semicolon", "select 1;\n select 2 ", ["select 1", "select 2"]],
    ["nothing", " \n;;\n", []],
    ["a semicolon in a string", "select ';';select 'it''s;'", ["select ';'", "select 'it''s;'"]],
    ["a semicolon in an identifier", 'select 1 as "a;b";', ['select 1 as "a;b"']],
    ["a semicolon in a line comment", "-- one; two\nselect 1;", ["-- one; two\nselect 1"]],
    ["a sanitizeText in a line comment", "-- it's\nselect 1; select 2", [
      "-- it's\nselect 1",
      "select 2",
    ]],
    ["nested block comments", "/* a; /* b; */ c; */ select 1;", ["/* a; /* b; */ c; */ select 1"]],
    ["a dollar quote", "do $$ begin; end $$; select 1", ["do $$ begin; end $$", "select 1"]],
    ["a tagged dollar quote", "do $a$ $$ ; $b$ ; $a$;", ["do $a$ $$ ; $b$ ; $a$"]],
    ["a dollar inside a name", "select a$b$c; select 1", ["select a$b$c", "select 1"]],
    ["parentheses", "create rule r as on insert to t do (select 1; select 2);select 3", [
      "create rule r as on insert to t do (select 1; select 2)",
      "select 3",
    ]],
    [
      "a body of standard SQL",
      "create function f() returns int begin atomic select 1; select case when true then 2 end; end; select 3",
      [
        "create function f() returns int begin atomic select 1; select case when true then 2 end; end",
        "select 3",
      ],
    ],
  ] as const
) {
  Deno.test(`splitStatements() understands ${what}`, () => {
    deepStrictEqual(splitStatements(script), statements);
  });
}
