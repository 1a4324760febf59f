/** Measures the cost of a Currents batch of 100: CPU of the functions' process, and bytes in the database. */
import type { Sql } from "../local/stack/sql.ts";
import type { BenchServer } from "./bench_server.ts";
import { OURS, postToFunction } from "./contestants/ours.ts";
import { startSuitePath } from "./contestants/suite_path.ts";
import { currentsEvent, makeEvents } from "./events.ts";
import { drive } from "./load.ts";
import type { Matchday } from "./matchday.ts";
import { makeRequests } from "./requests.ts";
import { checkRowSet } from "./row_set.ts";
import { SHAPES } from "./shapes.ts";

const FUNCTIONS = new URL("../supabase/functions/", import.meta.url);
const WARM_UP_BATCHES = 200;

export interface CurrentsCost {
  readonly batches: number;
  readonly cpu_ms_a_batch: number;
  readonly stored_events: number;
  /** Of all relations that grow with events: their table, its indexes, and the claims. */
  readonly bytes_an_event: number;
  readonly relations: readonly {
    readonly name: string;
    readonly bytes_an_event: number;
  }[];
  readonly rows_right: boolean;
}

export async function measureCurrentsCost(
  bench: BenchServer,
  matchday: Matchday,
  options: { readonly seed: string; readonly batches: number },
): Promise<CurrentsCost> {
  const { seed, batches } = options;
  const prepared = await OURS.prepare(bench, matchday);
  const databaseUrl = bench.urlOf(prepared.databaseName);
  const path = await startSuitePath(bench, {
    name: "cost",
    databaseUrl,
    functions: FUNCTIONS,
    hasGateway: true,
  });
  try {
    const shape = SHAPES.batch;
    const expected = new Set<string>();
    const send = async (label: string, count: number) => {
      const { sent, uniqueIds } = makeEvents(
        `${seed}/${label}`,
        count * shape.eventsARequest,
        currentsEvent(matchday),
      );
      for (const id of uniqueIds) expected.add(id);
      const postOf = postToFunction(bench.keys.webhookSecret);
      const { raw } = makeRequests(seed, sent, shape, postOf);
      await drive(path.port, raw, shape.connections);
    };
    await send("cost-warm", WARM_UP_BATCHES);
    const before = await cpuMsOf(path.functionsUrl);
    await send("cost", batches);
    const cpuMs = await cpuMsOf(path.functionsUrl) - before;
    const relations = await sizesOf(prepared.sql, expected.size);
    return {
      batches,
      cpu_ms_a_batch: cpuMs / batches,
      stored_events: expected.size,
      bytes_an_event: relations.reduce((sum, relation) => sum + relation.bytes_an_event, 0),
      relations,
      rows_right: checkRowSet(await prepared.ids(), expected).isRight,
    };
  } finally {
    await path.stop();
    await prepared.close();
    await bench.dropDatabase(prepared.databaseName);
  }
}

/** The CPU time of the process since its start, with all threads. */
export async function cpuMsOf(functionsUrl: string): Promise<number> {
  const response = await fetch(`${functionsUrl}/_local/cpu`);
  const { cpu_ms: cpuMs } = await response.json();
  return cpuMs;
}

/** The size of each table and index; partitions are added up under the name of their parent. */
export async function sizesOf(sql: Sql, events: number): Promise<CurrentsCost["relations"]> {
  const rows = await sql<{ name: string; bytes: number }[]>`
    with relation as (
      select oid, relname, relkind from pg_class
      where oid in (select relid from pg_partition_tree('public.notification_sends') where isleaf)
        or oid = 'public.event_claims'::regclass
    )
    select regexp_replace(relname, '_[0-9]{6,8}$', '') || ' (rows)' as name,
      sum(pg_table_size(oid))::float8 as bytes
    from relation group by 1
    union all
    select coalesce(parent.relname, index.relname) || ' (index)', sum(pg_relation_size(index.oid))::float8
    from relation
    join pg_index on indrelid = relation.oid
    join pg_class as index on index.oid = indexrelid
    left join pg_inherits on inhrelid = index.oid
    left join pg_class as parent on parent.oid = inhparent
    group by 1
    order by bytes desc`;
  return rows.map(({ name, bytes }) => ({
    name,
    bytes_an_event: Math.round(bytes / events * 10) / 10,
  }));
}

export function printCurrentsCost(cost: CurrentsCost): string[] {
  return [
    `A Currents batch of 100: ${
      cost.cpu_ms_a_batch.toFixed(1)
    } ms of CPU in the functions, over ${cost.batches} batches; rows ${
      cost.rows_right ? "exact" : "WRONG"
    }`,
    `A stored event: ${cost.bytes_an_event.toFixed(0)} bytes, over ${cost.stored_events} events`,
    ...cost.relations.filter(({ bytes_an_event }) => bytes_an_event >= 0.1)
      .map(({ name, bytes_an_event }) => `  ${name.padEnd(52)} ${bytes_an_event.toFixed(1)}`),
  ];
}
