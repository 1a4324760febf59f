/** Runs test files of a copy, on a test server with the copy's schema. */
import { resolve } from "node:path";
import { runDeno } from "./command.ts";
import type { Mutation } from "./mutation.ts";
import { readTap } from "./tap.ts";
import type { EndedRun } from "./verdict.ts";

/** Generous, since the machine may be busy. */
const CHECK_SECONDS_MAX = 900;

export interface Tests {
  readonly folder: string;
  readonly tests: readonly string[];
  readonly filter: string | undefined;
  /** The address of a test server; undefined where no test needs one. */
  readonly databaseUrl: string | undefined;
  readonly postgresBin: string | undefined;
  readonly secondsMax: number;
  readonly signal: AbortSignal;
}

export function needsDatabase(tests: readonly string[]): boolean {
  return tests.some((path) =>
    /^tests\/(?:database|end_to_end|security|simulation|browser)\//.test(path)
  );
}

export interface Chosen {
  readonly tests: readonly string[];
  /** As `deno test --filter` takes it. */
  readonly filter: string | undefined;
}

/** Pure. All tests of the mutations in two runs: files without a filter, and the others with all filters joined. */
export function runsOf(mutations: readonly Pick<Mutation, "tests" | "filter">[]): Chosen[] {
  const filesOf = (some: typeof mutations) => [...new Set(some.flatMap(({ tests }) => tests))];
  const whole = filesOf(mutations.filter(({ filter }) => filter === undefined));
  const filtered = mutations.filter(({ tests, filter }) =>
    filter !== undefined && tests.some((file) => !whole.includes(file))
  );
  const partly = filesOf(filtered).filter((file) => !whole.includes(file));
  const filters = new Set(filtered.flatMap(({ filter }) => filter ?? []));
  return [
    { tests: whole.sort(), filter: undefined },
    { tests: partly.sort(), filter: `/${[...filters].map(literally).join("|")}/` },
  ].filter(({ tests }) => tests.length > 0);
}

function literally(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
}

/** Runs without a type check: changed files are checked separately, since code that does not compile shows nothing. */
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

/** The type errors, or null. */
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
