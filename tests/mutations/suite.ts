/** Runs test files of a copy, on a server that fits it. */
import { resolve } from "node:path";
import { runDeno } from "./command.ts";
import { readTap } from "./tap.ts";
import type { EndedRun } from "./verdict.ts";

const CHECK_SECONDS_MAX = 300;

export interface Tests {
  readonly folder: string;
  readonly tests: readonly string[];
  readonly filter: string | undefined;
  /** Of a test server; undefined where no test needs one. */
  readonly databaseUrl: string | undefined;
  readonly postgresBin: string | undefined;
  readonly secondsMax: number;
  readonly signal: AbortSignal;
}

export function needsDatabase(tests: readonly string[]): boolean {
  return tests.some((path) => /^tests\/(?:database|end_to_end)\//.test(path));
}

/** What was changed is type-checked by itself: whatever does not compile shows nothing. */
export async function runTests(
  { folder, tests, filter, databaseUrl, postgresBin, secondsMax, signal }: Tests,
): Promise<EndedRun> {
  const ended = await runDeno({
    args: [
      "test",
      "--allow-all",
      "--no-check",
      "--reporter=tap",
      ...(filter === undefined ? [] : ["--filter", filter]),
      ...tests,
    ],
    cwd: folder,
    env: {
      ...(databaseUrl === undefined ? {} : { TEST_DATABASE_URL: databaseUrl }),
      ...(postgresBin === undefined ? {} : { TEST_POSTGRES_BIN: resolve(postgresBin) }),
    },
    secondsMax,
    signal,
  });
  return ended.isHung
    ? { kind: "hung", seconds: secondsMax }
    : { kind: "ended", code: ended.code, run: readTap(ended.stdout) };
}

/** What is wrong with the types, or null. */
export async function checkTypes(
  folder: string,
  files: readonly string[],
  signal: AbortSignal,
): Promise<string | null> {
  const { code, isHung, stderr } = await runDeno({
    args: ["check", ...files],
    cwd: folder,
    secondsMax: CHECK_SECONDS_MAX,
    signal,
  });
  if (isHung) return `type-checking did not end after ${CHECK_SECONDS_MAX} s`;
  return code === 0
    ? null
    : stderr.split("\n").filter((line) => !line.startsWith("Check ")).join("\n").trim();
}
