/**
 * Measures whether the suite's cost depends on stored history: the same work on an empty database and on one with a history
 * that ends with a full matchday, in turns.
 */
import { addHours, startOfHour, subDays, subHours } from "date-fns";
import { connectSql, type Sql } from "../local/stack/sql.ts";
import type { BenchServer } from "./bench_server.ts";
import { type Braze, serveBraze } from "./braze.ts";
import { startSuitePath, type SuitePath } from "./contestants/suite_path.ts";
import { sizesOf } from "./currents_cost.ts";
import { type GrowthRate, measureRate } from "./growth_rate.ts";
import { writeHistory } from "./history.ts";
import { makeMatchday, type Matchday, writeMatchday } from "./matchday.ts";
import { spreadOf } from "./statistics.ts";

const FUNCTIONS = new URL("../supabase/functions/", import.meta.url);
const COMING_MATCHES = 60;
const FIRST_COMING_MATCH = 8_000_001;
const FIRST_MATCH_NOW = 9_000_001;
const MATCHES_NOW = 150;
/** In this order: the whole of yesterday counted anew, each watcher as it runs otherwise, and the night. */
const WATCHERS = [
  "yesterday counted anew",
  "braze-preflight-check",
  "braze-reconcile",
  "braze-count-audit",
  "webhook-health-rollup",
] as const;
type Watcher = typeof WATCHERS[number];

export interface GrowthOptions {
  readonly events: number;
  readonly ledgerRows: number;
  readonly rounds: number;
  readonly seed: string;
  readonly quick: boolean;
  readonly say: (line: string) => void;
}

interface GrowthDatabase {
  readonly name: string;
  readonly sql: Sql;
  readonly braze: Braze;
  readonly databaseUrl: string;
  readonly storedEvents: number;
  readonly ledgerRows: number;
  readonly matchday: Matchday;
  readonly seconds: Record<Watcher, number[]>;
  readonly rates: GrowthRate[];
}

export async function measureGrowth(bench: BenchServer, options: GrowthOptions) {
  const { events, ledgerRows, rounds, say } = options;
  const databases: GrowthDatabase[] = [];
  try {
    for (
      const [name, share] of [["growth_empty", 0], ["growth_full", 1]] as const
    ) {
      const started = performance.now();
      databases.push(
        await prepare(
          bench,
          options,
          name,
          Math.round(events * share),
          Math.round(ledgerRows * share),
        ),
      );
      say(`${name}: prepared in ${((performance.now() - started) / 1_000).toFixed(0)} s`);
    }
    for (let round = 1; round <= rounds; round++) {
      for (const database of databases) {
        await withPath(bench, database, async (path) => {
          for (const name of WATCHERS) {
            database.seconds[name].push(await secondsOf(bench, path, name));
          }
          for (const shape of ["one", "batch"] as const) {
            const rate = await measureRate(bench, path, {
              ...database,
              shape,
              seed: `${options.seed}/${round}`,
              quick: options.quick,
            });
            database.rates.push(rate);
            say(
              `round ${round}  ${database.name}  ${shape}  ${
                rate.events_a_second.toFixed(0)
              } events/s`,
            );
          }
        });
      }
    }
    const found = [];
    for (const database of databases) found.push(await reportOf(database));
    return { places: found, is_right: found.every(({ rows_right }) => rows_right) };
  } finally {
    for (const { sql, braze, name } of databases) {
      await sql.end({ timeout: 5 });
      await braze.stop();
      await bench.dropDatabase(name);
    }
  }
}

async function prepare(
  bench: BenchServer,
  { seed }: GrowthOptions,
  name: string,
  events: number,
  ledgerRows: number,
): Promise<GrowthDatabase> {
  const databaseUrl = await bench.createDatabase(name, "suite");
  const sql = connectSql(databaseUrl, { applicationName: "bench" });
  const now = new Date();
  const { campaignId } = bench.keys;
  if (events > 0) await writeHistory(sql, { campaignId, events, ledgerRows, now });
  const matchday = makeMatchday({
    seed,
    campaignId,
    matches: MATCHES_NOW,
    until: subHours(startOfHour(now), 1),
    firstMatchId: FIRST_MATCH_NOW,
  });
  await writeMatchday(sql, matchday);
  await sql`
    insert into public.teams (name, braze_attribute_value)
    select 'Team ' || n, 'Team ' || n from generate_series(0, 19) as n`;
  await sql`
    insert into public.matches (id, competition, home_team, away_team, kickoff_at)
    select ${FIRST_COMING_MATCH}::bigint + n, 'League', 'Team ' || n % 20, 'Team ' || (n + 1) % 20,
      ${addHours(startOfHour(now), 12)}::timestamptz + n * interval '1 hour'
    from generate_series(0, ${COMING_MATCHES - 1}::int) as n`;
  const database: GrowthDatabase = {
    name,
    sql,
    braze: serveBraze(bench.keys),
    databaseUrl,
    storedEvents: events,
    ledgerRows,
    matchday,
    seconds: {
      "yesterday counted anew": [],
      "braze-preflight-check": [],
      "braze-reconcile": [],
      "braze-count-audit": [],
      "webhook-health-rollup": [],
    },
    rates: [],
  };
  // Braze must list what the ledger expects, so the scheduler creates the schedules.
  await withPath(bench, database, (path) => call(bench, path, "braze-scheduler", {}));
  return database;
}

async function withPath(
  bench: BenchServer,
  { name, databaseUrl, braze }: GrowthDatabase,
  run: (path: SuitePath) => Promise<unknown>,
): Promise<void> {
  const path = await startSuitePath(bench, {
    name,
    databaseUrl,
    functions: FUNCTIONS,
    hasGateway: true,
    brazeUrl: braze.url,
  });
  try {
    await run(path);
  } finally {
    await path.stop();
  }
}

async function secondsOf(
  bench: BenchServer,
  path: SuitePath,
  name: Watcher,
): Promise<number> {
  const started = performance.now();
  if (name === "yesterday counted anew") {
    const date = subDays(new Date(), 1).toISOString().slice(0, 10);
    while (await call(bench, path, "webhook-health-rollup", { date }) === "partial");
  } else await call(bench, path, name, {});
  return (performance.now() - started) / 1_000;
}

async function call(
  bench: BenchServer,
  path: SuitePath,
  name: string,
  body: unknown,
): Promise<"succeeded" | "partial"> {
  const response = await fetch(`http://127.0.0.1:${path.port}/functions/v1/${name}`, {
    method: "POST",
    headers: { apikey: bench.keys.secretKey, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const answer = await response.json();
  // A run that stopped at its deadline is continued by the next.
  if (answer.outcome !== "succeeded" && answer.outcome !== "partial") {
    throw new Error(
      `Cannot go on: ${name} must succeed, got ${JSON.stringify(answer).slice(0, 1_000)}`,
    );
  }
  return answer.outcome;
}

async function reportOf(database: GrowthDatabase) {
  const rateOf = (shape: string) =>
    spreadOf(
      database.rates.filter((rate) => rate.shape === shape).map((rate) => rate.events_a_second),
    );
  const events = database.storedEvents +
    database.rates.reduce((sum, { stored_events }) => sum + stored_events, 0);
  const relations = await sizesOf(database.sql, events);
  return {
    name: database.name,
    stored_events_before: database.storedEvents,
    ledger_rows_before: database.ledgerRows,
    events_a_second: { one: rateOf("one"), batch: rateOf("batch") },
    seconds: Object.fromEntries(
      WATCHERS.map((name) => [name, spreadOf(database.seconds[name])]),
    ),
    bytes_an_event: relations.reduce((sum, { bytes_an_event }) => sum + bytes_an_event, 0),
    relations,
    rows_right: database.rates.every(({ rows_right }) => rows_right),
  };
}

export function printGrowth({ places }: Awaited<ReturnType<typeof measureGrowth>>): string[] {
  return places.flatMap((place) => {
    const { one, batch } = place.events_a_second;
    const seconds = ({ median, min, max }: ReturnType<typeof spreadOf>) =>
      `${median.toFixed(2)} s (${min.toFixed(2)}–${max.toFixed(2)})`;
    return [
      `${place.name}: ${place.stored_events_before} events and ${place.ledger_rows_before} ledger rows before; rows ${
        place.rows_right ? "exact" : "WRONG"
      }`,
      `  one a request ${one.median.toFixed(0)} events/s, 100 a request ${
        batch.median.toFixed(0)
      } events/s`,
      ...Object.entries(place.seconds).map(([name, spread]) => `  ${name} ${seconds(spread)}`),
      `  ${place.bytes_an_event.toFixed(0)} bytes an event: ${
        place.relations.filter(({ bytes_an_event }) => bytes_an_event >= 1)
          .map(({ name, bytes_an_event }) => `${name} ${bytes_an_event.toFixed(0)}`).join(", ")
      }`,
    ];
  });
}
