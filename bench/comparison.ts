/** Compares all contestants in all shapes, and computes the ratios for the suite's targets. */
import type { BenchArguments } from "./arguments.ts";
import type { BenchServer } from "./bench_server.ts";
import type { Contestant, Prepared } from "./contestant.ts";
import { chooseContestants } from "./contestants/contestants.ts";
import type { Matchday } from "./matchday.ts";
import { printRatio, type Ratio, ratiosOf } from "./ratios.ts";
import { printShape, printTurn, summarize, type Summary } from "./report.ts";
import { runRounds } from "./rounds.ts";
import { SHAPES } from "./shapes.ts";

const TURN_SECONDS = { full: 5, quick: 1.5 };
export interface Comparison {
  readonly results: readonly Summary[];
  readonly ratios: readonly Ratio[];
}

export async function compareAll(
  bench: BenchServer,
  matchday: Matchday,
  options: BenchArguments,
  say: (line: string) => void,
): Promise<Comparison> {
  const contestants: { contestant: Contestant; prepared: Prepared }[] = [];
  const results: Summary[] = [];
  try {
    for (const contestant of chooseContestants(options.contestants)) {
      contestants.push({ contestant, prepared: await contestant.prepare(bench, matchday) });
    }
    for (const name of options.shapes) {
      const shape = SHAPES[name];
      say(`\n${shape.title}`);
      const rounds = await runRounds({
        bench,
        matchday,
        shape,
        contestants,
        rounds: options.rounds,
        turnSeconds: options.quick ? TURN_SECONDS.quick : TURN_SECONDS.full,
        seed: options.seed,
        onTurn: (contestant, round, turn) => say(printTurn(contestant, round, turn)),
      });
      const summaries = rounds.map(summarize);
      say(printShape(shape, summaries));
      results.push(...summaries);
    }
  } finally {
    for (const { prepared } of contestants) await prepared.close();
  }
  const ratios = ratiosOf(results);
  for (const ratio of ratios) say(printRatio(ratio));
  return { results, ratios };
}
