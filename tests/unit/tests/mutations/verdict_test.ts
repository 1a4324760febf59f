import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { readTap } from "../../../mutations/tap.ts";
import { judge } from "../../../mutations/verdict.ts";

const TAP = `TAP version 14
# ./tests/unit/a_test.ts
ok 1 - says \\# and \\\\n
ok 2 - left out # SKIP
not ok 3 - differs
  ---
  {"message":"AssertionError: 1 !== 2\\n    at file","severity":"fail","at":{"file":"x","line":1}}
  ...
# ./tests/unit/b_test.ts
not ok 4 - throws \\# too
  ---
  {"message":"TypeError: no","severity":"fail","at":{"file":"x","line":1}}
  ...
1..4
`;

const A = "tests/unit/a_test.ts";
const B = "tests/unit/b_test.ts";

Deno.test("readTap() counts the passed tests, and returns which failed, where and why", () => {
  deepStrictEqual(readTap(TAP), {
    files: [A, B],
    passed: 1,
    failed: [
      { file: A, name: "differs", message: "AssertionError: 1 !== 2\n    at file" },
      { file: B, name: "throws # too", message: "TypeError: no" },
    ],
  });
});

Deno.test("readTap() reads the output of deno", async () => {
  const folder = await Deno.makeTempDir();
  const file = `${folder}/a_test.ts`;
  await Deno.writeTextFile(
    file,
    `import { ok } from "node:assert/strict";
     Deno.test("good", () => ok(true));
     Deno.test("bad", () => ok(false, "it is not"));
     Deno.test("boom", () => { throw new RangeError("out"); });`,
  );
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["test", "--no-check", "--no-config", "--reporter=tap", "a_test.ts"],
    cwd: folder,
    env: { NO_COLOR: "1" },
  }).output();
  await Deno.remove(folder, { recursive: true });
  const { files, passed, failed } = readTap(new TextDecoder().decode(stdout));
  deepStrictEqual([files, passed], [["a_test.ts"], 1]);
  deepStrictEqual(failed.map(({ name, message }) => [name, message.split(/[\n:]/, 1)[0]]), [
    ["bad", "AssertionError"],
    ["boom", "RangeError"],
  ]);
});

const failed = (file: string, message: string) => ({ file, name: "a test", message });
const run = (changes: Partial<ReturnType<typeof readTap>> = {}, code = 1) => ({
  kind: "ended" as const,
  code,
  run: { files: [A], passed: 1, failed: [failed(A, "AssertionError: no")], ...changes },
});
const property = (cause: string) =>
  `Error: Property failed after 2 tests\nCounterexample: [5]\nCaused by: ${cause}`;

for (
  const [what, mutation, ended, kind, reason] of [
    ["an assertion that failed", {}, run(), "red", undefined],
    [
      "an assertion that failed in a property",
      {},
      run({ failed: [failed(A, property("AssertionError: no"))] }),
      "red",
      undefined,
    ],
    [
      "a property that threw",
      {},
      run({ failed: [failed(A, property("TypeError: no"))] }),
      "broken",
      `"a test" failed, and by no assertion: Error: Property failed after 2 tests`,
    ],
    ["tests that passed", {}, run({ failed: [] }, 0), "green", `${A} stayed green`],
    [
      "one file of two that stayed green",
      { tests: [A, B] },
      run({ files: [A, B] }),
      "green",
      `${B} stayed green`,
    ],
    [
      "an error that is not an assertion",
      {},
      run({ failed: [failed(A, "TypeError: x is not a function\n  at y")] }),
      "broken",
      `"a test" failed, and by no assertion: TypeError: x is not a function`,
    ],
    [
      "an error by which the rule shows",
      { shownBy: /deadlock/ },
      run({ failed: [failed(A, "PostgresError: deadlock detected")] }),
      "red",
      undefined,
    ],
    ["a file that did not load", { tests: [A, B] }, run(), "broken", `${B} did not load`],
    ["a run without a test", {}, run({ passed: 0, failed: [] }, 0), "broken", "no test ran"],
    [
      "a run that ended badly without a failed test",
      {},
      run({ failed: [] }),
      "broken",
      "the tests ended badly, and none had failed",
    ],
    [
      "a run that did not end",
      {},
      { kind: "hung" as const, seconds: 300 },
      "hung",
      "no end after 300 s",
    ],
    [
      "a run that did not end, and may not",
      { mayHang: true },
      { kind: "hung" as const, seconds: 300 },
      "red",
      undefined,
    ],
  ] as const
) {
  Deno.test(`judge() returns for ${what}: ${kind}`, () => {
    const verdict = judge({ tests: [A], ...mutation }, ended);
    strictEqual(verdict.kind, kind);
    strictEqual("reason" in verdict ? verdict.reason : undefined, reason);
  });
}
