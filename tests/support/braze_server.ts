/** A real server on a free port with the answers of the test, and a client that calls it. */
import {
  type BrazeClient,
  createBrazeClient,
} from "../../supabase/functions/_shared/braze/client.ts";
import type { BrazeClientOptions } from "../../supabase/functions/_shared/braze/calls.ts";
import { createLog } from "../../supabase/functions/_shared/runtime/log.ts";
import { ManualClock } from "./manual_clock.ts";

export const API_KEY = "0b9f6f6e-key-of-the-test";
export const TIMEOUT_MS = 20_000;
export const START = "2024-12-07T06:00:00Z";

export interface ReceivedRequest {
  readonly method: string;
  readonly path: string;
  readonly query: Record<string, string>;
  readonly authorization: string | null;
  readonly body: string;
}

export interface BrazeServerContext {
  readonly client: BrazeClient;
  readonly clock: ManualClock;
  /** Every request that arrived. */
  readonly requests: ReceivedRequest[];
  readonly logged: string[];
}

/** The clock skips every pause except the time-out of an attempt. */
export function connect(restUrl: string, options: Partial<BrazeClientOptions> = {}) {
  const clock = new ManualClock(START, (ms) => ms !== TIMEOUT_MS);
  const logged: string[] = [];
  const client = createBrazeClient({
    restUrl,
    apiKey: API_KEY,
    fetch: globalThis.fetch,
    clock,
    log: createLog({ functionName: "test", write: (line) => logged.push(line), secrets: [] }),
    attemptTimeoutMs: TIMEOUT_MS,
    randomInt: () => 0,
    ...options,
  });
  return { client, clock, logged };
}

/** Calls `answer` for each request with the number of the request, from 1. */
export async function withBraze(
  answer: (nth: number) => Response | Promise<Response>,
  run: (context: BrazeServerContext) => Promise<void>,
): Promise<void> {
  const requests: ReceivedRequest[] = [];
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async (request) => {
    const url = new URL(request.url);
    requests.push({
      method: request.method,
      path: url.pathname,
      query: Object.fromEntries(url.searchParams),
      authorization: request.headers.get("authorization"),
      body: await request.text(),
    });
    return await answer(requests.length);
  });
  try {
    await run({ ...connect(`http://127.0.0.1:${server.addr.port}`), requests });
  } finally {
    await server.shutdown();
  }
}

/** Reads a request, writes `reply` unchanged and drops the connection. */
export async function withDroppingServer(
  reply: string,
  run: (context: BrazeServerContext) => Promise<void>,
): Promise<void> {
  const requests: ReceivedRequest[] = [];
  const listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const serving = (async () => {
    for await (const connection of listener) {
      const buffer = new Uint8Array(65_536);
      const length = await connection.read(buffer) ?? 0;
      const text = new TextDecoder().decode(buffer.subarray(0, length));
      const [method = "", path = ""] = text.split(" ");
      requests.push({ method, path, query: {}, authorization: null, body: text });
      await connection.write(new TextEncoder().encode(reply));
      connection.close();
    }
  })();
  try {
    await run({ ...connect(`http://127.0.0.1:${listener.addr.port}`), requests });
  } finally {
    listener.close();
    await serving;
  }
}

/** A port without a listener. */
export function closedPort(): number {
  const listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  listener.close();
  return listener.addr.port;
}
