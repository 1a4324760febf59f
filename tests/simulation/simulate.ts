/**
 * `deno task simulate`: runs many worlds and prints the auditor's findings.
 *
 * A seed identifies a world: `SEED=123 deno task simulate` runs that one again and prints its timeline.
 */
import { resolve } from "node:path";
import { type ExitCode, runTask, type Writers } from "../../local/cli/run_task.ts";
import { startTestServer } from "../../local/stack/test_server.ts";
import { type Arguments, HELP, readArguments } from "./arguments.ts";
import { untaken } from "./coverage.ts";
import { runWorlds } from "./many_worlds.ts";
import type { Outcome } from "./run.ts";
import { createProgress } from "./progress.ts";
import { describeTotals, printFailure, printOutcome } from "./report.ts";

/** With this many worlds, every reachable branch has been taken. */
const WORLDS_TO_COVER = 300;

async function simulate(given: Arguments, { out }: Writers): Promise<ExitCode> {
  const { firstSeed, worlds, minutes, threads, resume, printsTimeline } = given;
  const postgresBin = given.postgresBin === undefined ? undefined : resolve(given.postgresBin);
  const progress = await createProgress({ firstSeed, worlds, resume });
  const until = minutes === null ? Infinity : performance.now() + minutes * 60_000;
  if (progress.done > 0) out.line(`${progress.done} of ${worlds} worlds have run before`);

  const server = await startTestServer(postgresBin);
  const started = performance.now();
  let firstFailure: Outcome | null = null;
  try {
    await runWorlds({
      nextSeed: () => performance.now() < until ? progress.next() : null,
      servers: { url: server.url, postgresBin },
      threads,
      async onOutcome(outcome) {
        await progress.record(outcome);
        for (const line of printOutcome(outcome)) out.line(line);
        if (isGood(outcome)) return;
        if (firstFailure === null || outcome.seed < firstFailure.seed) firstFailure = outcome;
      },
    });
  } finally {
    await server.stop();
  }
  const seconds = (performance.now() - started) / 1_000;
  for (const line of describeTotals(progress.totals, progress.unknowable, seconds)) out.line(line);
  if (firstFailure !== null) {
    for (const line of printFailure(firstFailure, printsTimeline)) out.line(line);
  }
  const { passed, failed, totals } = progress;
  out.line(`\n${passed} passed, ${failed} failed`);
  const isCovered = totals.worlds < WORLDS_TO_COVER || untaken(totals.branches).length === 0;
  return failed === 0 && passed > 0 && isCovered ? 0 : 1;
}

function isGood({ violations, broken }: Outcome): boolean {
  return broken === null && violations.length === 0;
}

await runTask({
  help: HELP,
  read: (args) => readArguments(args, Deno.env.get("SEED")),
  run: simulate,
});
