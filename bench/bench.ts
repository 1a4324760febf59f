/** `deno task bench`: the suite beside others, measured in turns on one private Postgres. */
import { startOfHour, subHours } from "date-fns";
import { StackFailure } from "../local/failure.ts";
import { orphaned } from "../local/orphan.ts";
import { createWriter, type Writer } from "../local/report.ts";
import { type BenchArguments, HELP, readArguments } from "./arguments.ts";
import { type BenchServer, startBenchServer } from "./bench_server.ts";
import type { Prepared } from "./contestant.ts";
import { chooseContestants } from "./contestants/contestants.ts";
import { describeMachine } from "./machine.ts";
import { makeMatchday } from "./matchday.ts";
import { ratiosOf, tellRatio } from "./ratios.ts";
import { summarize, type Summary, tellMachine, tellShape, tellTurn } from "./report.ts";
import { playRounds } from "./rounds.ts";
import { SHAPES } from "./shapes.ts";

const MATCHES = 150;
const TURN_SECONDS = { full: 5, quick: 1.5 };
const NO_DIRECT_PATH =
  "The suite has no path from its handler straight to Postgres: it speaks to PostgREST only, so none is measured";

const out = createWriter(Deno.stdout);
const err = createWriter(Deno.stderr);

async function main(): Promise<number> {
  const options = readArguments(Deno.args);
  if (options.help) {
    out.line(HELP.trimEnd());
    return 0;
  }
  const say = options.json ? err : out;
  const bench = await startBenchServer(options.postgresBin);
  const measuring = measure(bench, options, say);
  const first = await Promise.race([measuring, untilSignal()]).finally(() => bench.stop());
  if (first === "signal") return 130;
  if (options.json) out.line(JSON.stringify(first, null, 2));
  return first.results.every(({ rows_right }) => rows_right) ? 0 : 1;
}

async function measure(bench: BenchServer, options: BenchArguments, say: Writer) {
  const machine = await describeMachine(bench.admin);
  for (const line of tellMachine(machine)) say.line(line);
  say.line(NO_DIRECT_PATH);

  const matchday = makeMatchday({
    seed: options.seed,
    campaignId: bench.keys.campaignId,
    matches: MATCHES,
    until: subHours(startOfHour(new Date()), 1),
  });
  const contestants: {
    contestant: ReturnType<typeof chooseContestants>[number];
    prepared: Prepared;
  }[] = [];
  for (const contestant of chooseContestants(options.contestants)) {
    contestants.push({ contestant, prepared: await contestant.prepare(bench, matchday) });
  }

  const results: Summary[] = [];
  try {
    for (const name of options.shapes) {
      const shape = SHAPES[name];
      say.line(`\n${shape.title}`);
      const played = await playRounds({
        bench,
        matchday,
        shape,
        contestants,
        rounds: options.rounds,
        turnSeconds: options.quick ? TURN_SECONDS.quick : TURN_SECONDS.full,
        seed: options.seed,
        onTurn: (contestant, round, turn) => say.line(tellTurn(contestant, round, turn)),
      });
      const summaries = played.map(summarize);
      say.line(tellShape(shape, summaries));
      results.push(...summaries);
    }
  } finally {
    for (const { prepared } of contestants) await prepared.close();
  }
  const ratios = ratiosOf(results);
  for (const ratio of ratios) say.line(tellRatio(ratio));
  return { machine, note: NO_DIRECT_PATH, results, ratios };
}

function untilSignal(): Promise<"signal"> {
  const { promise, resolve } = Promise.withResolvers<"signal">();
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(name, () => resolve("signal"));
  }
  orphaned().then(resolve);
  return promise;
}

try {
  Deno.exit(await main());
} catch (error) {
  if (!(error instanceof StackFailure)) throw error;
  err.line(error.message);
  Deno.exit(1);
}
