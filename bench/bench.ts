/** `deno task bench`: compares the suite with other systems, in turns on one private Postgres. */
import { startOfHour, subHours } from "date-fns";
import { interrupted } from "../local/cli/interrupt.ts";
import { type ExitCode, INTERRUPTED, runTask, type Writers } from "../local/cli/run_task.ts";
import { type BenchArguments, HELP, readArguments } from "./arguments.ts";
import { type BenchServer, startBenchServer } from "./bench_server.ts";
import { compareAll } from "./comparison.ts";
import { measureGrowth, printGrowth } from "./growth.ts";
import { measureGate, measureLatency, printLatency } from "./latency.ts";
import { measureColdStarts, printColdStart } from "./cold_start.ts";
import { measureCurrentsCost, printCurrentsCost } from "./currents_cost.ts";
import { measurePlanning, printPlanning } from "./planning.ts";
import { describeMachine } from "./machine.ts";
import { makeMatchday, type Matchday } from "./matchday.ts";
import { printMachine } from "./report.ts";

const MATCHES = 150;
const LATENCY_SECONDS = { full: 20, quick: 5 };
const COST_BATCHES = { full: 500, quick: 100 };
const PLANNED_MATCHES = 5_000;

async function bench(options: BenchArguments, { out, err }: Writers): Promise<ExitCode> {
  const say = options.json ? err.line : out.line;
  const server = await startBenchServer(options.postgresBin);
  const measuring = measure(server, options, say);
  const first = await Promise.race([measuring, interrupted()]).finally(() => server.stop());
  if (first === "signal") return INTERRUPTED;
  if (options.json) out.line(JSON.stringify(first, null, 2));
  return first.is_right ? 0 : 1;
}

async function measure(bench: BenchServer, options: BenchArguments, say: (line: string) => void) {
  const machine = await describeMachine(bench.admin);
  for (const line of printMachine(machine)) say(line);
  const matchday = makeMatchday({
    seed: options.seed,
    campaignId: bench.keys.campaignId,
    matches: MATCHES,
    until: subHours(startOfHour(new Date()), 1),
  });
  const context = { bench, matchday, options, say };
  if (options.latency) return { machine, ...await latencies(context) };
  if (options.costs) return { machine, ...await costs(context) };
  if (options.growth) return { machine, ...await growth(context) };
  const comparison = await compareAll(bench, matchday, options, say);
  return {
    machine,
    ...comparison,
    is_right: comparison.results.every(({ rows_right }) => rows_right),
  };
}

interface Context {
  readonly bench: BenchServer;
  readonly matchday: Matchday;
  readonly options: BenchArguments;
  readonly say: (line: string) => void;
}

async function latencies({ bench, matchday, options, say }: Context) {
  const { seed, quick, shapes } = options;
  const seconds = quick ? LATENCY_SECONDS.quick : LATENCY_SECONDS.full;
  const latencies = [];
  for (const shape of ["one", "batch"] as const) {
    if (!shapes.includes(shape)) continue;
    const latency = await measureLatency(shape, { bench, matchday, seed, seconds });
    say(printLatency(latency));
    latencies.push(latency);
  }
  const gate = await measureGate({ bench, matchday, seed, seconds });
  say(printLatency(gate));
  latencies.push(gate);
  return { latencies, is_right: latencies.every(({ is_right }) => is_right) };
}

async function costs({ bench, matchday, options, say }: Context) {
  const { seed, quick } = options;
  const coldStarts = await measureColdStarts(bench);
  for (const found of coldStarts) say(printColdStart(found));
  const batches = quick ? COST_BATCHES.quick : COST_BATCHES.full;
  const currents = await measureCurrentsCost(bench, matchday, { seed, batches });
  for (const line of printCurrentsCost(currents)) say(line);
  const planning = await measurePlanning(bench, PLANNED_MATCHES);
  for (const line of printPlanning(planning)) say(line);
  return { cold_starts: coldStarts, currents, planning, is_right: currents.rows_right };
}

async function growth({ bench, options, say }: Context) {
  const found = await measureGrowth(bench, { ...options, say });
  for (const line of printGrowth(found)) say(line);
  return found;
}

await runTask({ help: HELP, read: readArguments, run: bench });
