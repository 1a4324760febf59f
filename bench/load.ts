/** Sends requests over several connections; each sends the next request when its last one is answered. */
import { type HttpConnection, openConnection } from "./http_connection.ts";

/** How often a sender tries a request; after that, rows are missing. */
const ATTEMPTS_MAX = 10;
const PAUSE_MS = 20;

export interface Load {
  /** The time from the first byte of each request to its acknowledgement, including failed attempts. */
  readonly latenciesMs: Float64Array;
  /** The number of answers other than 2xx, by status. */
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
