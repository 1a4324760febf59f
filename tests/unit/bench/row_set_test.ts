import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { checkRowSet } from "../../../bench/row_set.ts";

const EXPECTED = new Set(["a", "b", "c"]);

Deno.test("the same ids in any order are equal", () => {
  deepStrictEqual(checkRowSet(["c", "a", "b"], EXPECTED), {
    isRight: true,
    missing: 0,
    unexpected: 0,
    repeated: 0,
    examples: [],
  });
});

Deno.test("the right number of rows is wrong if one of them was never sent", () => {
  const check = checkRowSet(["a", "b", "x"], EXPECTED);
  strictEqual(check.isRight, false);
  deepStrictEqual(check.examples, ["missing c", "unexpected x"]);
});

Deno.test("the right number of rows is wrong if one of them occurs twice", () => {
  const check = checkRowSet(["a", "b", "b"], EXPECTED);
  strictEqual(check.isRight, false);
  deepStrictEqual(check.examples, ["missing c", "repeated b"]);
});

Deno.test("a missing row and an extra row are distinguished", () => {
  const few = checkRowSet(["a", "b"], EXPECTED);
  deepStrictEqual([few.isRight, few.missing, few.unexpected, few.repeated], [false, 1, 0, 0]);
  const many = checkRowSet(["a", "b", "c", "c"], EXPECTED);
  deepStrictEqual([many.isRight, many.missing, many.unexpected, many.repeated], [false, 0, 0, 1]);
});
