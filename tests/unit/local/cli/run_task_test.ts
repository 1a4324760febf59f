import { deepStrictEqual, match, strictEqual, throws } from "node:assert/strict";
import { readFlags, readWholeNumber } from "../../../../local/cli/flags.ts";
import { exitCodeOf, type Task } from "../../../../local/cli/run_task.ts";
import { StackFailure, UsageFailure } from "../../../../local/lib/failure.ts";

const TASK: Task<boolean> = {
  help: "What it does.\n",
  read: (args) => readFlags({ json: { text: "" } }, args).values.json ?? false,
  run(json, { out }) {
    out.line(`json: ${json}`);
    return Promise.resolve(1);
  },
};

async function end(changes: Partial<Task<boolean>>, ...args: string[]) {
  const out: string[] = [];
  const err: string[] = [];
  const writers = {
    out: { line: (text: string) => void out.push(text) },
    err: { line: (text: string) => void err.push(text) },
  };
  return { code: await exitCodeOf({ ...TASK, ...changes }, args, writers), out, err };
}

const failing = (error: Error): Partial<Task<boolean>> => ({ run: () => Promise.reject(error) });

Deno.test("a task gets its arguments, and its result is the exit code", async () => {
  deepStrictEqual(await end({}, "--json"), { code: 1, out: ["json: true"], err: [] });
});

Deno.test("--help prints the help and runs nothing, regardless of the other arguments", async () => {
  for (const args of [["--help"], ["-h"], ["--colour", "--help"]]) {
    deepStrictEqual(await end({}, ...args), { code: 0, out: ["What it does."], err: [] });
  }
});

Deno.test("wrong arguments exit with 2 and a line on stderr", async () => {
  const { code, out, err } = await end({}, "--colour");
  deepStrictEqual([code, out, err.length], [2, [], 1]);
  match(err[0]!, /^Cannot read the arguments: .*--colour.*\(see --help\)$/);
  const late = await end(failing(new UsageFailure("Cannot do both")));
  deepStrictEqual(late, { code: 2, out: [], err: ["Cannot do both"] });
});

Deno.test("a failure ends with 2, without a stack trace", async () => {
  const failure = failing(new StackFailure("Cannot start"));
  deepStrictEqual(await end(failure), { code: 2, out: [], err: ["Cannot start"] });
});

Deno.test("what is wrong with this machine is one sentence that says what to do", async () => {
  const full = Object.assign(new Error("No space left (os error 28): open '/d/x'"), {
    code: "ENOSPC",
  });
  const { code, err } = await end(failing(full));
  deepStrictEqual([code, err.length], [2, 1]);
  match(err[0]!, /^Cannot use \/d\/x: there must be room on the disk, .*; free some space, or/);
});

Deno.test("a defect keeps its stack trace", async () => {
  const { code, err } = await end(failing(new TypeError("undefined is no function")));
  strictEqual(code, 2);
  match(err[0]!, /^This is a defect .*: TypeError: undefined is no function\n {4}at /);
});

Deno.test("readWholeNumber() takes whole numbers from 1 to the maximum", () => {
  deepStrictEqual(readWholeNumber("Cannot measure", "--rounds", "100", 100), 100);
  for (const text of ["0", "101", "-1", "1.5", "1e2", "", "ten"]) {
    throws(() => readWholeNumber("Cannot measure", "--rounds", text, 100), {
      name: "UsageFailure",
      message: `Cannot measure: --rounds must be a whole number from 1 to 100, got "${text}"`,
    });
  }
});
