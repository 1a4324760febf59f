/**
 * `deno task mutate`: breaks one rule at a time, and checks that its tests turn red.
 *
 * A test that stays green when its rule is broken tests nothing, and a green run does not show that.
 */
import { StackFailure } from "../../local/lib/failure.ts";
import { interrupted } from "../../local/cli/interrupt.ts";
import { type ExitCode, INTERRUPTED, runTask } from "../../local/cli/run_task.ts";
import { createWriter } from "../../local/cli/writer.ts";
import { startTestServer } from "../../local/stack/test_server.ts";
import { applyMutation, type ReadText } from "./apply.ts";
import { type Arguments, HELP, readArguments } from "./arguments.ts";
import { type Copy, createCopy } from "./copy.ts";
import type { Mutation } from "./mutation.ts";
import { MUTATIONS } from "./mutations.ts";
import { readProject, textsOf } from "./project.ts";
import { checkTypes, needsDatabase, runsOf, runTests } from "./suite.ts";
import { type Result, writeTable } from "./table.ts";
import { type EndedRun, judge, type Verdict } from "./verdict.ts";
import { runWorlds, type Worlds, type WorldsResult } from "./worlds.ts";

/** The limit for one mutation's tests. The unchanged project's tests may take this long for each file. */
const RUN_SECONDS_MAX = 300;
/** Mutations in parallel: as many as a small machine has cores. */
const LANES = 2;
const FAILED_PRINTED_MAX = 3;

const out = createWriter(Deno.stdout);
const stopping = new AbortController();
const { signal } = stopping;

interface Bench {
  readonly texts: ReadText;
  /** The database of the unchanged project; undefined where no test needs it. */
  readonly databaseUrl: string | undefined;
  readonly postgresBin: string | undefined;
  readonly worlds: Worlds | null;
}

async function main(given: Arguments): Promise<ExitCode> {
  if (given.lists) {
    for (const { name, rule } of MUTATIONS) out.line(`${name.padEnd(34)}${rule}`);
    return 0;
  }
  interrupted().then(() => stopping.abort());
  try {
    return await mutateAll(given);
  } catch (error) {
    if (signal.aborted) return INTERRUPTED;
    throw error;
  }
}

async function mutateAll(
  { only, worlds, postgresBin, table }: Arguments,
): Promise<ExitCode> {
  const chosen = MUTATIONS.filter(({ name }) => only.length === 0 || only.includes(name));
  // Before any server starts: an outdated list fails at once.
  const project = await readProject();
  const texts = textsOf(project);
  for (const mutation of chosen) applyMutation(mutation, texts);

  const server = chosen.some(({ tests }) => needsDatabase(tests))
    ? await startTestServer(postgresBin)
    : undefined;
  const copies: Copy[] = [];
  let results: readonly Result[];
  try {
    while (copies.length < LANES) copies.push(await createCopy(project));
    const bench = { texts, databaseUrl: server?.url, postgresBin, worlds };
    await beGreen(chosen, copies[0]!, bench);
    results = await inLanes(chosen, copies, bench);
  } finally {
    for (const copy of copies) await copy.remove();
    await server?.stop();
  }
  if (table !== undefined) await Deno.writeTextFile(table, writeTable(results, worlds));
  const red = results.filter(({ verdict }) => verdict.kind === "red").length;
  out.line(`\n${red} red, ${results.length - red} not`);
  return red === results.length ? 0 : 1;
}

/** Runs one mutation after the other in each copy. Prints results as they end, and returns them in list order. */
async function inLanes(
  chosen: readonly Mutation[],
  copies: readonly Copy[],
  bench: Bench,
): Promise<readonly Result[]> {
  const results = new Map<Mutation, Result>();
  const queue = [...chosen];
  const ended = await Promise.allSettled(copies.map(async (copy) => {
    try {
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
        const started = performance.now();
        const result = await mutate(next, copy, bench);
        results.set(next, result);
        report(result, (performance.now() - started) / 1_000);
      }
    } catch (error) {
      queue.length = 0;
      throw error;
    }
  }));
  for (const lane of ended) if (lane.status === "rejected") throw lane.reason;
  return chosen.flatMap((mutation) => results.get(mutation) ?? []);
}

/** A test that fails without a mutation would seem to notice all of them. */
async function beGreen(chosen: readonly Mutation[], copy: Copy, bench: Bench): Promise<void> {
  const { worlds, postgresBin } = bench;
  await copy.renew();
  for (const { tests, filter } of runsOf(chosen)) {
    const secondsMax = RUN_SECONDS_MAX * tests.length;
    const about = { folder: copy.folder, tests, filter, secondsMax, signal };
    requireGreen(tests, await runTests({ ...bench, ...about }));
  }
  if (worlds === null) return;
  const worldsResult = await runWorlds(
    copy.folder,
    { ...worlds, threads: LANES },
    postgresBin,
    signal,
  );
  if (worldsResult.kind === "passed") {
    out.line(`green    ${worldsResult.worlds} worlds of the unchanged project`);
    return;
  }
  throw new StackFailure(
    `Cannot judge by worlds: all must pass on the unchanged project, got ${
      worldsResult.kind === "failed"
        ? `${worldsResult.rules.join(", ")} in world ${worldsResult.seed}`
        : worldsResult.reason
    }`,
  );
}

function requireGreen(tests: readonly string[], ended: EndedRun): void {
  const verdict = judge({ tests }, ended);
  const failed = ended.kind === "ended" ? ended.run.failed : [];
  if (ended.kind === "ended" && verdict.kind === "green" && failed.length === 0) {
    out.line(`green    ${ended.run.passed} tests in ${tests.length} files as they are`);
    return;
  }
  const names = failed.map(({ file, name }) => `${file}: ${name}`);
  throw new StackFailure(
    `Cannot mutate: the tests must be green as they are, got ${
      names.join("; ") || ("reason" in verdict ? verdict.reason : verdict.kind)
    }`,
  );
}

async function mutate(mutation: Mutation, copy: Copy, bench: Bench): Promise<Result> {
  const { worlds, postgresBin } = bench;
  const texts = applyMutation(mutation, bench.texts);
  await copy.renew(texts);
  const changed = [...texts.keys()].filter((file) => file.endsWith(".ts"));
  const fault = changed.length === 0
    ? null
    : await checkTypes(copy.folder, [...changed, ...mutation.tests], signal);
  if (fault !== null) {
    return { mutation, verdict: { kind: "broken", reason: fault }, worldsResult: null };
  }
  const verdict = await test(mutation, copy, changed.length < texts.size, bench);
  const worldsResult: WorldsResult | null = worlds === null
    ? null
    : await runWorlds(copy.folder, { ...worlds, threads: 1 }, postgresBin, signal);
  return { mutation, verdict, worldsResult };
}

async function test(
  mutation: Mutation,
  { folder, migrations }: Copy,
  changesSchema: boolean,
  { postgresBin, databaseUrl }: Bench,
): Promise<Verdict> {
  const { tests, filter } = mutation;
  const run = async (url: string | undefined) => {
    const about = { folder, tests, filter, postgresBin, signal, secondsMax: RUN_SECONDS_MAX };
    return judge(mutation, await runTests({ ...about, databaseUrl: url }));
  };
  if (!changesSchema || !needsDatabase(tests)) return await run(databaseUrl);
  let server;
  try {
    server = await startTestServer(postgresBin, migrations);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { kind: "broken", reason: `its schemas do not apply: ${reason}` };
  }
  try {
    return await run(server.url);
  } finally {
    await server.stop();
  }
}

function report({ mutation, verdict, worldsResult }: Result, seconds: number): void {
  out.line(`${verdict.kind.padEnd(8)} ${mutation.name} (${seconds.toFixed(0)} s)`);
  if (verdict.kind === "red") {
    for (const { file, name } of verdict.failed.slice(0, FAILED_PRINTED_MAX)) {
      out.line(`           ${file}: ${name}`);
    }
    const rest = verdict.failed.length - FAILED_PRINTED_MAX;
    if (rest > 0) out.line(`           and ${rest} more`);
  } else out.line(`           ${verdict.reason}`);
  if (worldsResult?.kind === "failed") {
    out.line(`           world ${worldsResult.seed}: ${worldsResult.rules.join(", ")}`);
  }
  if (worldsResult?.kind === "passed") {
    out.line(`           in none of ${worldsResult.worlds} worlds`);
  }
  if (worldsResult?.kind === "broken") out.line(`           worlds: ${worldsResult.reason}`);
}

await runTask({
  help: HELP,
  read: (args) => readArguments(args, MUTATIONS.map(({ name }) => name)),
  run: main,
});
