/** Runs a `deno task`: help, arguments, failures and the exit code. */
import { StackFailure, UsageFailure } from "../lib/failure.ts";
import { createWriter, type Writer } from "./writer.ts";

export interface Task<Arguments> {
  readonly help: string;
  /** Throws a `UsageFailure` if the arguments are wrong; `--help` is handled before. */
  readonly read: (args: readonly string[]) => Arguments;
  /** Resolves with the exit code. */
  readonly run: (given: Arguments, writers: Writers) => Promise<number>;
  /** The exit code of a `StackFailure`, for a task that uses 1 as a result. */
  readonly failureCode?: number;
}

export interface Writers {
  readonly out: Writer;
  readonly err: Writer;
}

const FAILED = 1;
const WRONG_ARGUMENTS = 2;

/** Ends the process, even if the task left timers or connections open. */
export async function runTask<Arguments>(task: Task<Arguments>): Promise<never> {
  const writers = { out: createWriter(Deno.stdout), err: createWriter(Deno.stderr) };
  Deno.exit(await exitCodeOf(task, Deno.args, writers));
}

export async function exitCodeOf<Arguments>(
  { help, read, run, failureCode = FAILED }: Task<Arguments>,
  args: readonly string[],
  writers: Writers,
): Promise<number> {
  if (args.includes("--help") || args.includes("-h")) {
    writers.out.line(help.trimEnd());
    return 0;
  }
  try {
    return await run(read(args), writers);
  } catch (error) {
    if (!(error instanceof StackFailure)) throw error;
    writers.err.line(error.message);
    return error instanceof UsageFailure ? WRONG_ARGUMENTS : failureCode;
  }
}
