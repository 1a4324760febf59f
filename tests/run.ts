/**
 * `deno task test`: every test there is, on one Postgres that is started for them, in two processes at a time.
 *
 * Types are not checked here: `deno task check` does that once.
 */
import { resolve } from "node:path";
import { helpOf, POSTGRES_BIN, readFlags } from "../local/cli/flags.ts";
import { interrupted } from "../local/cli/interrupt.ts";
import { type ExitCode, INTERRUPTED, runTask, type Writers } from "../local/cli/run_task.ts";
import { StackFailure } from "../local/lib/failure.ts";
import {
  startDistributedTestServer,
  startTestServer,
  type TestServer,
} from "../local/stack/test_server.ts";
import { findChromium } from "./browser/chromium.ts";
import { type Batch, batchesOf } from "./runner/batches.ts";
import { groupOf, GROUPS } from "./runner/groups.ts";
import { failuresOf, notesOf, type Outcome, runBatch } from "./runner/run_batch.ts";

const FLAGS = {
  filter: { value: "TEXT", text: "only tests whose name contains TEXT (/…/ for a pattern)" },
  "postgres-bin": POSTGRES_BIN,
} as const;

const HELP = helpOf({
  task: "test",
  what: "Runs the tests.",
  takes: "[PATH…]",
  flags: FLAGS,
  notes: `PATH names a file or folder, as in tests/database; without one all tests run.

What each folder of tests/ needs; the runner starts the servers itself:

${GROUPS.map(({ name, what }) => `  ${name.padEnd(12)} ${what}`).join("\n")}

With TEST_CITUS_BIN=DIR, the folder of the binaries of a Postgres that has Citus, a coordinator and two workers take the
place of the Postgres: name tests/database, tests/security or tests/end_to_end then. docs/scaling.md lists the exceptions.
Chromium is found in the usual places or named by TEST_CHROMIUM.
SEED=N repeats the generated bodies of tests/security/fuzz_test.ts; FUZZ_BODIES=N sends more of them (2,000).`,
  ends: { good: "if every test passes", needsPerson: "if one fails" },
});

const LANES = 2;
/** The soak and the real pg_cron have servers of their own and run only when they are named. */
const ALL = GROUPS.map(({ name }) => name === "layers" ? "tests/layers_test.ts" : `tests/${name}`);

async function main(
  { values, positionals }: ReturnType<typeof readArguments>,
  { out, err }: Writers,
): Promise<ExitCode> {
  const stopping = new AbortController();
  interrupted().then(() => stopping.abort());
  const files = await findTests(positionals.length > 0 ? positionals : ALL);
  const canBrowse = findChromium() !== undefined || Deno.env.get("TEST_BROWSER") === "required";
  const runnable = files.filter((file) => canBrowse || groupOf(file).need !== "browser");
  const batches = batchesOf(runnable);
  const citusBin = Deno.env.get("TEST_CITUS_BIN");
  const server = !batches.some(({ group }) => group.need !== "nothing")
    ? undefined
    : citusBin === undefined
    ? startTestServer(values["postgres-bin"])
    : startDistributedTestServer(citusBin);
  // The lanes see the failure; until then it must not end the process.
  server?.catch(() => {});
  try {
    const args = values.filter === undefined ? [] : ["--filter", values.filter];
    const bin = values["postgres-bin"];
    const env = bin === undefined ? {} : { TEST_POSTGRES_BIN: resolve(bin) };
    const outcomes = await runAll(batches, { args, env, server, signal: stopping.signal, out });
    for (const { ok, text } of outcomes) if (!ok) out.line(failuresOf(text));
    for (const line of outcomes.flatMap(({ text }) => notesOf(text))) out.line(line);
    if (runnable.length < files.length) {
      out.line(
        "Browser tests not run: no Chromium found here; install it, or name it by TEST_CHROMIUM. CI runs them.",
      );
    }
    const code = report(outcomes, batches.length, { out, err });
    return stopping.signal.aborted ? INTERRUPTED : code;
  } finally {
    await (await server?.catch(() => undefined))?.stop();
  }
}

interface Surroundings {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly server: Promise<TestServer> | undefined;
  readonly signal: AbortSignal;
  readonly out: Writers["out"];
}

async function runAll(
  batches: readonly Batch[],
  { args, env, server, signal, out }: Surroundings,
): Promise<readonly Outcome[]> {
  const queue = [...batches];
  const outcomes: Outcome[] = [];
  const runLane = async () => {
    for (let batch = queue.shift(); batch !== undefined; batch = queue.shift()) {
      const needsServer = batch.group.need !== "nothing";
      const used = needsServer ? await server : undefined;
      if (signal.aborted) return;
      const own = used === undefined ? env : {
        ...env,
        TEST_DATABASE_URL: used.url,
        TEST_CITUS_WORKERS: used.workers.join(","),
      };
      const outcome = await runBatch(batch, args, own, signal);
      outcomes.push(outcome);
      out.line(progressLine(outcome, outcomes.length, batches.length));
    }
  };
  if (server !== undefined) {
    server.then(
      ({ major, workers }) =>
        out.line(
          `Postgres ${major} is up${workers.length > 0 ? `, with ${workers.length} workers` : ""}`,
        ),
      () => {},
    );
  }
  await Promise.all(Array.from({ length: LANES }, runLane));
  return outcomes;
}

function progressLine(
  { batch: { group, files }, passed, failed, seconds }: Outcome,
  done: number,
  all: number,
): string {
  const [first = ""] = files;
  const name = first.slice(first.lastIndexOf("/") + 1);
  const more = files.length > 1 ? ` and ${files.length - 1} more` : "";
  return `[${done}/${all}] ${group.name.padEnd(12)} ${countsText(passed, failed)} (${
    seconds.toFixed(0)
  } s)  ${name}${more}`;
}

function report(outcomes: readonly Outcome[], batches: number, { out, err }: Writers): 0 | 1 {
  const sum = (some: readonly Outcome[], of: (outcome: Outcome) => number) =>
    some.reduce((total, outcome) => total + of(outcome), 0);
  out.line("");
  for (const { name } of GROUPS) {
    const own = outcomes.filter(({ batch }) => batch.group.name === name);
    if (own.length === 0) continue;
    const counts = countsText(sum(own, ({ passed }) => passed), sum(own, ({ failed }) => failed));
    out.line(`${name.padEnd(12)} ${counts} (${sum(own, ({ seconds }) => seconds).toFixed(0)} s)`);
  }
  const passed = sum(outcomes, (outcome) => outcome.passed);
  const failed = sum(outcomes, (outcome) => outcome.failed);
  if (passed === 0) err.line("Cannot call this tested: at least one test must run, got none");
  out.line(`\n${passed} passed, ${failed} failed`);
  const isComplete = outcomes.length === batches && outcomes.every(({ ok }) => ok);
  return isComplete && passed > 0 ? 0 : 1;
}

function countsText(passed: number, failed: number): string {
  return `${String(passed).padStart(5)} passed${failed === 0 ? "" : `, ${failed} failed`}`;
}

/** Test files at the given paths, from the root of the project, in a fixed order. */
async function findTests(paths: readonly string[]): Promise<readonly string[]> {
  const files = new Set<string>();
  for (const path of paths) {
    const found = await Deno.stat(path).catch(() => undefined);
    if (found === undefined) {
      throw new StackFailure(`Cannot test ${path}: it must be a file or folder, got nothing there`);
    }
    for (const file of found.isFile ? [path] : await testsIn(path)) {
      files.add(resolve(file).slice(resolve(".").length + 1));
    }
  }
  return [...files];
}

async function testsIn(folder: string): Promise<readonly string[]> {
  const entries = await Array.fromAsync(Deno.readDir(folder));
  const nested = await Promise.all(
    entries.toSorted((a, b) => a.name < b.name ? -1 : 1).map(({ name, isDirectory }) =>
      isDirectory
        ? testsIn(`${folder}/${name}`)
        : Promise.resolve(name.endsWith("_test.ts") ? [`${folder}/${name}`] : [])
    ),
  );
  return nested.flat();
}

function readArguments(args: readonly string[]) {
  return readFlags(FLAGS, args, true);
}

await runTask({ help: HELP, read: readArguments, run: main });
