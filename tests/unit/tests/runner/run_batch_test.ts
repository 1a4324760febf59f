/** What the runner reads from Deno's output. */
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { countsOf, failuresOf, notesOf } from "../../../runner/run_batch.ts";

for (
  const [name, text, success, counts] of [
    ["a run", "ok | 12 passed | 0 failed (1s)", true, { passed: 12, failed: 0 }],
    ["steps", "ok | 2 passed (3 steps) | 0 failed (1s)", true, { passed: 2, failed: 0 }],
    ["failures", "FAILED | 5 passed | 2 failed (1s)", false, { passed: 5, failed: 2 }],
    ["a file that does not load", "error: no such module", false, { passed: 0, failed: 1 }],
    ["a process that was killed after its tests", "ok | 3 passed | 0 failed", false, {
      passed: 3,
      failed: 1,
    }],
  ] as const
) {
  Deno.test(`countsOf() reads ${name}`, () => deepStrictEqual(countsOf(text, success), counts));
}

Deno.test("failuresOf() returns the errors, and everything where there are none", () => {
  strictEqual(failuresOf("a ... ok\n\n ERRORS \n\nb => x"), "\n ERRORS \n\nb => x");
  strictEqual(failuresOf("cannot load"), "cannot load");
});

Deno.test("notesOf() returns the line with the seed", () => {
  deepStrictEqual(notesOf("x\nTo run these again: SEED=7 deno task test a\ny"), [
    "To run these again: SEED=7 deno task test a",
  ]);
});
