/** Measures a run of the scheduler with many matches: its CPU time, and its rate of calls to Braze. */
import { addHours, startOfHour } from "date-fns";
import { connectSql } from "../local/stack/sql.ts";
import type { BenchServer } from "./bench_server.ts";
import { serveBraze } from "./braze.ts";
import { startSuitePath } from "./contestants/suite_path.ts";
import { cpuMsOf } from "./currents_cost.ts";

const FUNCTIONS = new URL("../supabase/functions/", import.meta.url);
const TEAMS = 200;
/** All matches are within the horizon of seven days, and none is inside the freeze window. */
const FIRST_KICKOFF_HOURS = 6;
const HORIZON_HOURS = 150;

export interface PlanningCost {
  readonly matches: number;
  readonly dry_run: RunCost;
  readonly run: RunCost;
  readonly braze_calls: Readonly<Record<string, number>>;
  readonly braze_calls_a_second: number;
}

interface RunCost {
  readonly outcome: string;
  readonly seconds: number;
  readonly cpu_seconds: number;
}

export async function measurePlanning(bench: BenchServer, matches: number): Promise<PlanningCost> {
  const name = "planning";
  const databaseUrl = await bench.createDatabase(name, "suite");
  const sql = connectSql(databaseUrl, { applicationName: "bench" });
  const braze = serveBraze(bench.keys);
  try {
    const from = addHours(startOfHour(new Date()), FIRST_KICKOFF_HOURS);
    await sql`insert into public.teams (name, braze_attribute_value)
      select 'Team ' || n, 'Team ' || n from generate_series(0, ${TEAMS - 1}::int) as n`;
    await sql`
      insert into public.matches (id, competition, home_team, away_team, kickoff_at)
      select n, 'League', 'Team ' || n % ${TEAMS}::int, 'Team ' || (n + 1) % ${TEAMS}::int,
        ${from}::timestamptz + n * ${HORIZON_HOURS}::int * interval '1 hour' / ${matches}::int
      from generate_series(1, ${matches}::int) as n`;
    await sql`analyze`;
    const path = await startSuitePath(bench, {
      name,
      databaseUrl,
      functions: FUNCTIONS,
      hasGateway: true,
      brazeUrl: braze.url,
    });
    const schedule = async (body: unknown): Promise<RunCost> => {
      const before = await cpuMsOf(path.functionsUrl);
      const started = performance.now();
      const response = await fetch(`http://127.0.0.1:${path.port}/functions/v1/braze-scheduler`, {
        method: "POST",
        headers: { apikey: bench.keys.secretKey, "content-type": "application/json" },
        body: JSON.stringify(body),
      });
      const answer = await response.json();
      return {
        outcome: answer.outcome ?? `${response.status} ${JSON.stringify(answer)}`,
        seconds: (performance.now() - started) / 1_000,
        cpu_seconds: (await cpuMsOf(path.functionsUrl) - before) / 1_000,
      };
    };
    try {
      // The first call compiles the code that the second one measures.
      await schedule({ dry_run: true, match_ids: [1] });
      const dryRun = await schedule({ dry_run: true });
      braze.calls.clear();
      const run = await schedule({});
      const sum = [...braze.calls.values()].reduce((total, count) => total + count, 0);
      return {
        matches,
        dry_run: dryRun,
        run,
        braze_calls: Object.fromEntries(braze.calls),
        braze_calls_a_second: sum / run.seconds,
      };
    } finally {
      await path.stop();
    }
  } finally {
    await braze.stop();
    await sql.end({ timeout: 5 });
    await bench.dropDatabase(name);
  }
}

export function printPlanning(cost: PlanningCost): string[] {
  const run = ({ outcome, seconds, cpu_seconds }: RunCost) =>
    `${outcome} after ${seconds.toFixed(1)} s, ${cpu_seconds.toFixed(2)} s of CPU`;
  return [
    `Planning ${cost.matches} matches in a dry run: ${run(cost.dry_run)}`,
    `Scheduling them: ${run(cost.run)}; ${
      cost.braze_calls_a_second.toFixed(1)
    } calls to Braze per second (${
      Object.entries(cost.braze_calls).map(([path, count]) => `${count} ${path}`).join(", ")
    })`,
  ];
}
