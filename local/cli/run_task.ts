/** Runs a `deno task`: help, arguments, failures and the exit code. */
import { explain } from "../lib/explain.ts";
import { StackFailure } from "../lib/failure.ts";
import { exceptThisMachine } from "../lib/proxy.ts";
import { createWriter, type Writer } from "./writer.ts";

export interface Task<Arguments> {
  readonly help: string;
  /** Throws a `UsageFailure` if the arguments are wrong; `--help` is handled before. */
  readonly read: (args: readonly string[]) => Arguments;
  /** Throws a `StackFailure` if it cannot do its work. */
  readonly run: (given: Arguments, writers: Writers) => Promise<ExitCode>;
}

export interface Writers {
  readonly out: Writer;
  readonly err: Writer;
}

/** All is well; what it found needs a person; it was interrupted. `runTask` adds 2: it could not do its work. */
export type ExitCode = 0 | 1 | typeof INTERRUPTED;

/** As a shell reports a process that Ctrl-C ended. */
export const INTERRUPTED = 130;
const COULD_NOT = 2;

/** Ends the process, even if the task left timers or connections open. */
export async function runTask<Arguments>(task: Task<Arguments>): Promise<never> {
  exceptThisMachine();
  const writers = { out: createWriter(Deno.stdout), err: createWriter(Deno.stderr) };
  Deno.exit(await exitCodeOf(task, Deno.args, writers));
}

export async function exitCodeOf<Arguments>(
  { help, read, run }: Task<Arguments>,
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
    writers.err.line(describe(error));
    return COULD_NOT;
  }
}

/** One sentence for what a person can correct, the stack trace for a defect. */
function describe(error: unknown): string {
  if (error instanceof StackFailure) return error.message;
  return explain(error) ??
    `This is a defect of the task, please report it: ${
      error instanceof Error ? error.stack ?? error.message : String(error)
    }`;
}
