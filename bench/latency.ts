/** Measures the latency at half of the suite's maximum rate. */
import { signGateToken } from "../supabase/functions/_shared/auth/gate_token.ts";
import type { BenchServer } from "./bench_server.ts";
import type { Prepared } from "./contestant.ts";
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
const TARGETS_P99_MS = { one: 25, batch: 60 };
const GATE = "/functions/v1/braze-send-gate";
const GATE_CONNECTIONS = 16;
const GATE_TARGET_P99_MS = 100;

const encoder = new TextEncoder();

export interface LatencyOptions {
  readonly bench: BenchServer;
  readonly matchday: Matchday;
  readonly seed: string;
  /** The duration of the search for the maximum, and of the paced run. */
  readonly seconds: number;
}

export interface Latency {
  readonly what: string;
  readonly maximum_requests_a_second: number;
  readonly paced_requests_a_second: number;
  readonly requests: number;
  readonly acknowledged_ms: Percentiles;
  readonly target_p99_ms: number;
  readonly errors: Readonly<Record<string, number>>;
  /** Whether all rows, or all answers, are correct. */
  readonly is_right: boolean;
}

export async function measureLatency(
  name: "one" | "batch",
  { bench, matchday, seed, seconds }: LatencyOptions,
): Promise<Latency> {
  const shape = SHAPES[name];
  return await onSuite({ bench, matchday }, async (prepared, port) => {
    const make = prepared.makeEvent(matchday, "echo");
    const expected = new Set<string>();
    const requestsOf = (label: string, count: number) => {
      const { sent, uniqueIds } = makeEvents(
        `${seed}/${label}`,
        Math.max(1, Math.round(count)) * shape.eventsARequest,
        make,
      );
      for (const id of uniqueIds) expected.add(id);
      return makeRequests(seed, sent, shape, prepared.postOf("echo")).raw;
    };
    const paced = await atHalfRate(port, shape.connections, {
      seconds,
      warmUpRequests: WARM_UP_REQUESTS[name],
      requestsOf,
    });
    return {
      what: shape.title,
      ...paced,
      target_p99_ms: TARGETS_P99_MS[name],
      is_right: checkRowSet(await prepared.ids(), expected).isRight,
    };
  });
}

/** The send gate on the same path, which a push waits for. */
export async function measureGate(
  { bench, matchday, seconds }: LatencyOptions,
): Promise<Latency> {
  const tokenOf = (ledgerId: string, generation = 1) =>
    signGateToken({ ledgerId, generation, attemptId: ledgerId }, bench.keys.sendGateSecret);
  return await onSuite({ bench, matchday }, async (_prepared, port) => {
    const asked = await Promise.all(matchday.schedules.map(async ({ ledgerId }) =>
      encoder.encode(
        `GET ${GATE}?token=${await tokenOf(ledgerId)} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n`,
      )
    ));
    const requestsOf = (_label: string, count: number) =>
      Array.from(
        { length: Math.max(1, Math.round(count)) },
        (_, nth) => asked[nth % asked.length]!,
      );
    const paced = await atHalfRate(port, GATE_CONNECTIONS, {
      seconds,
      warmUpRequests: WARM_UP_REQUESTS.one,
      requestsOf,
    });
    const answers = async (generation: number) => {
      const [{ ledgerId } = { ledgerId: "" }] = matchday.schedules;
      const token = await tokenOf(ledgerId, generation);
      const response = await fetch(`http://127.0.0.1:${port}${GATE}?token=${token}`);
      return (await response.json()).send;
    };
    return {
      what: "the send gate",
      ...paced,
      target_p99_ms: GATE_TARGET_P99_MS,
      is_right: await answers(1) === true && await answers(2) === false,
    };
  });
}

/** Runs a measurement on a new database with new servers. */
async function onSuite<Result>(
  { bench, matchday }: Pick<LatencyOptions, "bench" | "matchday">,
  measure: (prepared: Prepared, port: number) => Promise<Result>,
): Promise<Result> {
  const prepared = await OURS.prepare(bench, matchday);
  await prepared.reset();
  const running = await prepared.start();
  try {
    return await measure(prepared, running.port);
  } finally {
    await running.stop();
    await prepared.close();
    await bench.dropDatabase(prepared.databaseName);
  }
}

async function atHalfRate(
  port: number,
  connections: number,
  { seconds, warmUpRequests, requestsOf }: {
    readonly seconds: number;
    readonly warmUpRequests: number;
    readonly requestsOf: (label: string, count: number) => readonly Uint8Array[];
  },
) {
  const warmRate = await rateOf(port, requestsOf("warm", warmUpRequests), connections);
  const maximum = await rateOf(port, requestsOf("maximum", warmRate * seconds), connections);
  const requestsASecond = maximum * SHARE_OF_MAXIMUM;
  const requests = requestsOf("paced", requestsASecond * seconds);
  const { latenciesMs, errors } = await pace({
    port,
    requests,
    requestsASecond,
    connections: CONNECTIONS,
  });
  return {
    maximum_requests_a_second: maximum,
    paced_requests_a_second: requestsASecond,
    requests: requests.length,
    acknowledged_ms: percentilesOf([latenciesMs]),
    errors: Object.fromEntries(errors),
  };
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

export function printLatency(latency: Latency): string {
  const { p50, p95, p99, max } = latency.acknowledged_ms;
  const ms = (value: number) => `${value.toFixed(1)} ms`;
  const errors = Object.entries(latency.errors).map(([status, count]) => `, ${count} × ${status}`);
  return `${latency.what}: at most ${latency.maximum_requests_a_second.toFixed(0)} requests/s; at ${
    latency.paced_requests_a_second.toFixed(0)
  }/s p50 ${ms(p50)}, p95 ${ms(p95)}, p99 ${ms(p99)}, max ${
    ms(max)
  } over ${latency.requests} requests${errors.join("")}; ` +
    `target p99 < ${latency.target_p99_ms} ms, ${
      p99 < latency.target_p99_ms ? "reached" : "MISSED"
    }; ${latency.is_right ? "all correct" : "WRONG"}`;
}
