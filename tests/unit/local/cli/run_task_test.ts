import { deepStrictEqual, match, rejects, throws } from "node:assert/strict";
import { parseArguments, readWholeNumber } from "../../../../local/cli/arguments.ts";
import { exitCodeOf, type Task } from "../../../../local/cli/run_task.ts";
import { StackFailure, UsageFailure } from "../../../../local/lib/failure.ts";

const TASK: Task<boolean> = {
  help: "What it does.\n",
  read: (args) =>
    parseArguments({ args: [...args], options: { json: { type: "boolean", default: false } } })
      .values.json,
  run(json, { out }) {
    out.line(`json: ${json}`);
    return Promise.resolve(7);
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
  deepStrictEqual(await end({}, "--json"), { code: 7, out: ["json: true"], err: [] });
});

Deno.test("--help prints the help and runs nothing, regardless of the other arguments", async () => {
  for (const args of [["--help"], ["-h"], ["--colour", "--help"]]) {
    deepStrictEqual(await end({}, ...args), { code: 0, out: ["What it does."], err: [] });
  }
});

Deno.test("wrong arguments exit with 2 and a line on stderr, regardless of the task's own exit code for failures", async () => {
  for (const failureCode of [1, 5]) {
    const { code, out, err } = await end({ failureCode }, "--colour");
    deepStrictEqual([code, out, err.length], [2, [], 1]);
    match(err[0]!, /^Cannot read the arguments: .*--colour.*\(see --help\)$/);
  }
  const late = await end(failing(new UsageFailure("Cannot do both")));
  deepStrictEqual(late, { code: 2, out: [], err: ["Cannot do both"] });
});

Deno.test("a failure ends with 1, or with the code that the task has for it, without a stack trace", async () => {
  const failure = failing(new StackFailure("Cannot start"));
  deepStrictEqual(await end(failure), { code: 1, out: [], err: ["Cannot start"] });
  deepStrictEqual((await end({ ...failure, failureCode: 2 })).code, 2);
});

Deno.test("an unexpected error keeps its stack trace", async () => {
  await rejects(end(failing(new TypeError("undefined is no function"))), TypeError);
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
