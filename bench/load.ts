/** Sends requests over so many connections, each as soon as its last one was answered. */
import { type HttpConnection, openConnection } from "./http_connection.ts";

/** How often a sender retries a rejected request; after that the row set is wrong. */
const ATTEMPTS_MAX = 10;
const PAUSE_MS = 20;

export interface Load {
  /** The latency of each request, from its first byte until it was acknowledged, failed attempts included. */
  readonly latenciesMs: Float64Array;
  /** What was answered other than 2xx, and how often. */
  readonly errors: ReadonlyMap<string, number>;
}

export async function drive(
  port: number,
  requests: readonly Uint8Array[],
  connections: number,
): Promise<Load> {
  const latenciesMs = new Float64Array(requests.length);
  const errors = new Map<string, number>();
  const open = await Promise.all(Array.from({ length: connections }, () => openConnection(port)));
  let next = 0;
  try {
    await Promise.all(open.map(async (connection) => {
      for (let index = next++; index < requests.length; index = next++) {
        const started = performance.now();
        await acknowledged(connection, requests[index]!, errors);
        latenciesMs[index] = performance.now() - started;
      }
    }));
  } finally {
    for (const connection of open) connection.close();
  }
  return { latenciesMs, errors };
}

export async function acknowledged(
  connection: HttpConnection,
  request: Uint8Array,
  errors: Map<string, number>,
): Promise<void> {
  for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
    const status = await connection.post(request);
    if (status >= 200 && status < 300) return;
    errors.set(String(status), (errors.get(String(status)) ?? 0) + 1);
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}
