/** Measures the events per second of a database that already holds a history; checks only the rows of these events. */
import type { Sql } from "../local/stack/sql.ts";
import type { BenchServer } from "./bench_server.ts";
import { postToFunction } from "./contestants/ours.ts";
import type { SuitePath } from "./contestants/suite_path.ts";
import { currentsEvent, makeEvents } from "./events.ts";
import { drive } from "./load.ts";
import type { Matchday } from "./matchday.ts";
import { makeRequests } from "./requests.ts";
import { checkRowSet } from "./row_set.ts";
import { SHAPES } from "./shapes.ts";

const EVENTS = { one: { full: 5_000, quick: 500 }, batch: { full: 50_000, quick: 5_000 } };
const WARM_UP_SHARE = 0.2;

export interface GrowthRate {
  readonly shape: "one" | "batch";
  readonly events_a_second: number;
  readonly stored_events: number;
  readonly rows_right: boolean;
}

export interface GrowthRateOptions {
  readonly sql: Sql;
  readonly matchday: Matchday;
  readonly shape: "one" | "batch";
  readonly seed: string;
  readonly quick: boolean;
}

export async function measureRate(
  bench: BenchServer,
  path: SuitePath,
  { sql, matchday, shape: name, seed, quick }: GrowthRateOptions,
): Promise<GrowthRate> {
  const shape = SHAPES[name];
  const count = EVENTS[name][quick ? "quick" : "full"];
  const expected = new Set<string>();
  const requestsOf = (label: string, events: number) => {
    const { sent, uniqueIds } = makeEvents(
      `${seed}/${name}/${label}`,
      events,
      currentsEvent(matchday),
    );
    for (const id of uniqueIds) expected.add(id);
    return {
      uniqueIds,
      ...makeRequests(seed, sent, shape, postToFunction(bench.keys.webhookSecret)),
    };
  };
  const before = new Set(await idsOf(sql, matchday));
  const warmUp = requestsOf("warm", count * WARM_UP_SHARE);
  const { uniqueIds, raw } = requestsOf("measured", count);
  await drive(path.port, warmUp.raw, shape.connections);
  // 200 means committed, so all rows exist at the last answer; they are counted after the measurement.
  const started = performance.now();
  await drive(path.port, raw, shape.connections);
  const seconds = (performance.now() - started) / 1_000;
  const stored = (await idsOf(sql, matchday)).filter((id) => !before.has(id));
  return {
    shape: name,
    events_a_second: uniqueIds.size / seconds,
    stored_events: stored.length,
    rows_right: checkRowSet(stored, expected).isRight,
  };
}

async function idsOf(sql: Sql, { schedules }: Matchday): Promise<string[]> {
  const rows = await sql<{ event_id: string }[]>`
    select event_id from public.notification_sends
    where ledger_id = any (${schedules.map(({ ledgerId }) => ledgerId)}::uuid[])`;
  return rows.map(({ event_id }) => event_id);
}
