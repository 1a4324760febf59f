/** How long a sender waits at half of the rate that the suite can take at most. */
import type { BenchServer } from "./bench_server.ts";
import { OURS } from "./contestants/ours.ts";
import { makeEvents } from "./events.ts";
import { drive } from "./load.ts";
import type { Matchday } from "./matchday.ts";
import { pace } from "./pace.ts";
import { makeRequests } from "./requests.ts";
import { checkRowSet } from "./row_set.ts";
import { SHAPES } from "./shapes.ts";
import { type Percentiles, percentilesOf } from "./statistics.ts";

const SHARE_OF_MAXIMUM = 0.5;
const CONNECTIONS = 64;
const WARM_UP_REQUESTS = { one: 2_000, batch: 200 };
const TARGETS_P99_MS = { one: 50, batch: 100 };

export interface LatencyOptions {
  readonly bench: BenchServer;
  readonly matchday: Matchday;
  readonly seed: string;
  /** Of the search for the maximum, and of the paced run. */
  readonly seconds: number;
}

export interface Latency {
  readonly shape: "one" | "batch";
  readonly maximum_requests_a_second: number;
  readonly paced_requests_a_second: number;
  readonly requests: number;
  readonly acknowledged_ms: Percentiles;
  readonly target_p99_ms: number;
  readonly errors: Readonly<Record<string, number>>;
  readonly rows_right: boolean;
}

export async function measureLatency(
  name: "one" | "batch",
  { bench, matchday, seed, seconds }: LatencyOptions,
): Promise<Latency> {
  const shape = SHAPES[name];
  const prepared = await OURS.prepare(bench, matchday);
  const make = prepared.makeEvent(matchday);
  const expected = new Set<string>();
  const requestsOf = (label: string, count: number) => {
    const { sent, uniqueIds } = makeEvents(
      `${seed}/${label}`,
      Math.max(1, Math.round(count)) * shape.eventsARequest,
      make,
    );
    for (const id of uniqueIds) expected.add(id);
    return makeRequests(seed, sent, shape, prepared.postOf).raw;
  };
  await prepared.reset();
  const running = await prepared.start();
  try {
    const warmUp = requestsOf("warm", WARM_UP_REQUESTS[name]);
    const warmRate = await rateOf(running.port, warmUp, shape.connections);
    const maximum = await rateOf(
      running.port,
      requestsOf("maximum", warmRate * seconds),
      shape.connections,
    );
    const requestsASecond = maximum * SHARE_OF_MAXIMUM;
    const requests = requestsOf("paced", requestsASecond * seconds);
    const { latenciesMs, errors } = await pace({
      port: running.port,
      requests,
      requestsASecond,
      connections: CONNECTIONS,
    });
    return {
      shape: name,
      maximum_requests_a_second: maximum,
      paced_requests_a_second: requestsASecond,
      requests: requests.length,
      acknowledged_ms: percentilesOf([latenciesMs]),
      target_p99_ms: TARGETS_P99_MS[name],
      errors: Object.fromEntries(errors),
      rows_right: checkRowSet(await prepared.ids(), expected).isRight,
    };
  } finally {
    await running.stop();
    await prepared.close();
    await bench.dropDatabase(prepared.databaseName);
  }
}

async function rateOf(
  port: number,
  requests: readonly Uint8Array[],
  connections: number,
): Promise<number> {
  const started = performance.now();
  await drive(port, requests, connections);
  return requests.length / ((performance.now() - started) / 1_000);
}

export function tellLatency(latency: Latency): string {
  const { p50, p95, p99, max } = latency.acknowledged_ms;
  const ms = (value: number) => `${value.toFixed(1)} ms`;
  const errors = Object.entries(latency.errors).map(([status, count]) => `, ${count} × ${status}`);
  return `${SHAPES[latency.shape].title}: at most ${
    latency.maximum_requests_a_second.toFixed(0)
  } requests/s; at ${latency.paced_requests_a_second.toFixed(0)}/s p50 ${ms(p50)}, p95 ${
    ms(p95)
  }, p99 ${ms(p99)}, max ${ms(max)} over ${latency.requests} requests${errors.join("")}; ` +
    `target p99 < ${latency.target_p99_ms} ms, ${
      p99 < latency.target_p99_ms ? "reached" : "MISSED"
    }; rows ${latency.rows_right ? "exact" : "WRONG"}`;
}
