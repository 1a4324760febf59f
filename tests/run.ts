/**
 * `deno task test`: every test there is, on one Postgres that is started for them.
 *
 * What needs no database runs while the server comes up; the rest runs on it, two files at a time.
 */
import { resolve } from "node:path";
import { StackFailure } from "../local/lib/failure.ts";
import { parseArguments } from "../local/cli/arguments.ts";
import { interrupted } from "../local/cli/interrupt.ts";
import { runTask } from "../local/cli/run_task.ts";
import { createWriter } from "../local/cli/writer.ts";
import { startTestServer, type TestServer } from "../local/stack/test_server.ts";
import { findChromium } from "./browser/chromium.ts";

const HELP = `Runs the tests.

  npx -y deno@2.9.6 task test [options] [paths]

  --filter TEXT        only tests whose name holds TEXT (/…/ for a pattern)
  --postgres-bin DIR   on another server's binaries (/usr/lib/postgresql/15/bin)
  paths                only these files or folders, as in tests/database
  --help               this text
`;

const WITHOUT_DATABASE = ["tests/layers_test.ts", "tests/unit", "tests/property"];
const WITH_DATABASE = ["tests/database", "tests/end_to_end", "tests/security", "tests/simulation"];
/** On the database too, and in Chromium. */
const WITH_BROWSER = "tests/browser";
const FILES_AT_ONCE = "2";

const out = createWriter(Deno.stdout);
const err = createWriter(Deno.stderr);
const stopping = new AbortController();

interface Tally {
  readonly ok: boolean;
  readonly passed: number;
  readonly failed: number;
}

async function main(
  { values, positionals }: ReturnType<typeof readArguments>,
): Promise<number> {
  interrupted().then(() => stopping.abort());
  const filter = values.filter === undefined ? [] : ["--filter", values.filter];
  const groups = await chooseGroups(positionals);
  const starting = groups.withDatabase.length + groups.withBrowser.length === 0
    ? undefined
    : startTestServer(values["postgres-bin"]);
  // Whoever waits for it below sees the failure; until then it must not end the process.
  starting?.catch(() => {});
  let server: TestServer | undefined;
  try {
    const atOnce = ["--parallel", ...filter];
    const jobs = { DENO_JOBS: FILES_AT_ONCE };
    const tallies: Tally[] = [await deno(groups.withoutDatabase, atOnce, jobs)];
    server = await starting;
    if (server !== undefined) {
      out.line(`\nOn Postgres ${server.major}`);
      const env = {
        TEST_DATABASE_URL: server.url,
        ...jobs,
        ...(values["postgres-bin"] === undefined
          ? {}
          : { TEST_POSTGRES_BIN: resolve(values["postgres-bin"]) }),
      };
      tallies.push(await deno(groups.withDatabase, atOnce, env));
      // By themselves: a browser beside other tests would wait longer than it tests.
      tallies.push(await deno(groups.withBrowser, filter, env));
    }
    const passed = tallies.reduce((sum, tally) => sum + tally.passed, 0);
    const failed = tallies.reduce((sum, tally) => sum + tally.failed, 0);
    const ok = tallies.every((tally) => tally.ok) && passed > 0;
    if (passed === 0) err.line("Cannot call this tested: at least one test must run, got none");
    if (groups.notRun !== null) out.line(`\n${groups.notRun}`);
    out.line(`\n${passed} passed, ${failed} failed`);
    return ok ? 0 : 1;
  } finally {
    await (server ?? await starting?.catch(() => undefined))?.stop();
  }
}

function readArguments(args: readonly string[]) {
  return parseArguments({
    args: [...args],
    allowPositionals: true,
    options: { filter: { type: "string" }, "postgres-bin": { type: "string" } },
  });
}

async function chooseGroups(paths: readonly string[]) {
  for (const path of paths) {
    if (await Deno.stat(path).then(() => true, () => false)) continue;
    throw new StackFailure(`Cannot test ${path}: it must be a file or folder, got nothing there`);
  }
  const chosen = paths.length > 0 ? paths : [...WITHOUT_DATABASE, ...WITH_DATABASE, WITH_BROWSER];
  const isIn = (path: string, folders: readonly string[]) =>
    folders.some((folder) => resolve(path).startsWith(resolve(folder)));
  const inBrowser = chosen.filter((path) => isIn(path, [WITH_BROWSER]));
  const canBrowse = findChromium() !== undefined || Deno.env.get("TEST_BROWSER") === "required";
  return {
    withoutDatabase: chosen.filter((path) => !isIn(path, [...WITH_DATABASE, WITH_BROWSER])),
    withDatabase: chosen.filter((path) => isIn(path, WITH_DATABASE)),
    // With none although it is required, they run and fail, each saying what it lacks.
    withBrowser: canBrowse ? inBrowser : [],
    notRun: canBrowse || inBrowser.length === 0
      ? null
      : "Browser tests not run: no Chromium found here; install it, or name it by TEST_CHROMIUM. CI runs them.",
  };
}

/** Runs the tests, passing on what they print, and reads the counts off the last line. */
async function deno(
  paths: readonly string[],
  args: readonly string[],
  env: Record<string, string>,
): Promise<Tally> {
  if (paths.length === 0 || stopping.signal.aborted) {
    return { ok: !stopping.signal.aborted, passed: 0, failed: 0 };
  }
  const child = new Deno.Command(Deno.execPath(), {
    args: ["test", "--allow-all", "--permit-no-files", ...args, ...paths],
    env,
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  stopping.signal.addEventListener("abort", () => child.kill("SIGTERM"));
  let text = "";
  for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
    text = (text + chunk).slice(-2_000);
    Deno.stdout.writeSync(new TextEncoder().encode(chunk));
  }
  const { success } = await child.status;
  // deno-lint-ignore no-control-regex
  const plain = text.replaceAll(/\x1b\[[0-9;]*m/g, "");
  const summaries = [...plain.matchAll(/(\d+) passed[^|\n]*\| (\d+) failed/g)];
  const [, passed = "0", failed = "0"] = summaries.at(-1) ?? [];
  // A file that does not even load counts as one failure.
  return {
    ok: success,
    passed: Number(passed),
    failed: success ? 0 : Math.max(1, Number(failed)),
  };
}

await runTask({ help: HELP, read: readArguments, run: main });
