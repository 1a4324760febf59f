/**
 * One contestant's turn: its servers start on emptied tables and are warmed up; the measurement then runs until the last
 * unique row can be counted. No other contestant runs meanwhile.
 */
import type { Sql } from "../local/stack/sql.ts";
import type { Contestant, Prepared } from "./contestant.ts";
import { cpuBetween, type CpuTimes, cpuTimes } from "./cpu.ts";
import { makeEvents } from "./events.ts";
import { drive } from "./load.ts";
import type { Matchday } from "./matchday.ts";
import { makeRequests } from "./requests.ts";
import { checkRowSet, type RowSetCheck } from "./row_set.ts";
import type { Shape } from "./shapes.ts";

const POLL_MS = 5;
/** After this time without a new row, missing rows no longer arrive. */
const STALLED_MS_MAX = 30_000;

export interface Turn {
  readonly events: number;
  readonly uniqueRows: number;
  readonly requests: number;
  readonly bodyBytes: number;
  /** From the first byte sent to the last unique row. */
  readonly seconds: number;
  readonly appliedASecond: number;
  /** From the first byte sent to the last acknowledgement, which for a queue is earlier. */
  readonly acknowledgedSeconds: number;
  /** Of each process, during the measurement. */
  readonly cpu: CpuTimes;
  readonly latenciesMs: Float64Array;
  readonly errors: ReadonlyMap<string, number>;
  readonly deadlocks: number;
  readonly rows: RowSetCheck;
}

export interface TurnOptions {
  readonly contestant: Contestant;
  readonly prepared: Prepared;
  readonly admin: Sql;
  readonly matchday: Matchday;
  readonly shape: Shape;
  readonly seed: string;
  readonly events: number;
  readonly warmUpEvents: number;
}

export async function takeTurn(options: TurnOptions): Promise<Turn> {
  const { prepared, admin, matchday, shape, seed } = options;
  const make = prepared.makeEvent(matchday, shape.content);
  const postOf = prepared.postOf(shape.content);
  const warm = makeEvents(`${seed}/warm`, options.warmUpEvents, make);
  const events = makeEvents(seed, options.events, make);
  const { raw, bodyBytes } = makeRequests(seed, events.sent, shape, postOf);
  const warmUp = makeRequests(`${seed}/warm`, warm.sent, shape, postOf);
  const expected = warm.uniqueIds.union(events.uniqueIds);

  await prepared.reset();
  const deadlocksBefore = await deadlocksIn(admin, prepared.databaseName);
  const running = await prepared.start();
  try {
    await drive(running.port, warmUp.raw, shape.connections);
    await untilCounted(prepared, warm.uniqueIds.size);

    const cpuBefore = cpuTimes();
    const started = performance.now();
    const load = await drive(running.port, raw, shape.connections);
    const acknowledgedSeconds = (performance.now() - started) / 1_000;
    await untilCounted(prepared, expected.size);
    const seconds = (performance.now() - started) / 1_000;
    const cpu = cpuBetween(cpuBefore, cpuTimes());

    const rows = checkRowSet(await prepared.ids(), expected);
    await running.stop();
    return {
      events: events.sent.length,
      uniqueRows: events.uniqueIds.size,
      requests: raw.length,
      bodyBytes,
      seconds,
      appliedASecond: events.uniqueIds.size / seconds,
      acknowledgedSeconds,
      cpu,
      ...load,
      deadlocks: await deadlocksIn(admin, prepared.databaseName) - deadlocksBefore,
      rows,
    };
  } catch (error) {
    await running.stop();
    throw error;
  }
}

async function untilCounted(prepared: Prepared, wanted: number): Promise<void> {
  let [count, changed] = [-1, performance.now()];
  while (performance.now() - changed < STALLED_MS_MAX) {
    const now = await prepared.count();
    if (now >= wanted) return;
    if (now !== count) [count, changed] = [now, performance.now()];
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** Must be called after the servers have stopped, since backends report their statistics when they end. */
async function deadlocksIn(admin: Sql, database: string): Promise<number> {
  const [row] = await admin<{ deadlocks: number }[]>`
    select deadlocks::int as deadlocks from pg_stat_database where datname = ${database}`;
  return row!.deadlocks;
}
