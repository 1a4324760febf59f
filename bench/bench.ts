/** `deno task bench`: the suite beside others, measured in turns on one private Postgres. */
import { startOfHour, subHours } from "date-fns";
import { StackFailure } from "../local/failure.ts";
import { orphaned } from "../local/orphan.ts";
import { createWriter } from "../local/report.ts";
import { type BenchArguments, HELP, readArguments } from "./arguments.ts";
import { type BenchServer, startBenchServer } from "./bench_server.ts";
import { compareAll } from "./comparison.ts";
import { measureLatency, tellLatency } from "./latency.ts";
import { describeMachine } from "./machine.ts";
import { makeMatchday } from "./matchday.ts";
import { tellMachine } from "./report.ts";

const MATCHES = 150;
const LATENCY_SECONDS = { full: 20, quick: 5 };

const out = createWriter(Deno.stdout);
const err = createWriter(Deno.stderr);

async function main(): Promise<number> {
  const options = readArguments(Deno.args);
  if (options.help) {
    out.line(HELP.trimEnd());
    return 0;
  }
  const say = options.json ? err.line : out.line;
  const bench = await startBenchServer(options.postgresBin);
  const measuring = measure(bench, options, say);
  const first = await Promise.race([measuring, untilSignal()]).finally(() => bench.stop());
  if (first === "signal") return 130;
  if (options.json) out.line(JSON.stringify(first.report, null, 2));
  return first.isRight ? 0 : 1;
}

async function measure(bench: BenchServer, options: BenchArguments, say: (line: string) => void) {
  const machine = await describeMachine(bench.admin);
  for (const line of tellMachine(machine)) say(line);
  const { seed, quick } = options;
  const matchday = makeMatchday({
    seed,
    campaignId: bench.keys.campaignId,
    matches: MATCHES,
    until: subHours(startOfHour(new Date()), 1),
  });
  if (!options.latency) {
    const comparison = await compareAll(bench, matchday, options, say);
    return {
      report: { machine, ...comparison },
      isRight: comparison.results.every(({ rows_right }) => rows_right),
    };
  }
  const seconds = quick ? LATENCY_SECONDS.quick : LATENCY_SECONDS.full;
  const latencies = [];
  for (const shape of ["one", "batch"] as const) {
    if (!options.shapes.includes(shape)) continue;
    const latency = await measureLatency(shape, { bench, matchday, seed, seconds });
    say(tellLatency(latency));
    latencies.push(latency);
  }
  return {
    report: { machine, latencies },
    isRight: latencies.every(({ rows_right }) => rows_right),
  };
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
