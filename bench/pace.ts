/**
 * Sends requests at a steady rate, regardless of the answers: a sender does not wait for a slow receiver.
 *
 * The latency of a request counts from its due time, so it includes the wait for a free connection.
 */
import { openConnection } from "./http_connection.ts";
import { acknowledged, type Load } from "./load.ts";

export interface PaceOptions {
  readonly port: number;
  readonly requests: readonly Uint8Array[];
  readonly requestsASecond: number;
  /** More than are needed at once, as long as the receiver keeps up. */
  readonly connections: number;
}

export async function pace(options: PaceOptions): Promise<Load> {
  const { port, requests, requestsASecond, connections } = options;
  const latenciesMs = new Float64Array(requests.length);
  const errors = new Map<string, number>();
  const open = await Promise.all(Array.from({ length: connections }, () => openConnection(port)));
  const start = performance.now();
  let next = 0;
  try {
    await Promise.all(open.map(async (connection) => {
      for (let index = next++; index < requests.length; index = next++) {
        const due = start + index * 1_000 / requestsASecond;
        const early = due - performance.now();
        if (early > 0) await new Promise((resolve) => setTimeout(resolve, early));
        await acknowledged(connection, requests[index]!, errors);
        latenciesMs[index] = performance.now() - due;
      }
    }));
  } finally {
    for (const connection of open) connection.close();
  }
  return { latenciesMs, errors };
}
