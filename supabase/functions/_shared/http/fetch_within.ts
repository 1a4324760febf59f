/** Calls an address that is itself a secret, and gives up after a time. */
import type { Clock } from "../runtime/clock.ts";

/** The error of a failed connection is dropped, since it may hold the address. */
export type Answer = { readonly status: number; readonly headers: Headers; readonly body: string };

export type FetchWithin = (
  url: string,
  init: RequestInit,
  timeoutMs: number,
) => Promise<Answer | "connection_failed" | "timed_out">;

export function createFetchWithin(
  { fetch, clock }: { readonly fetch: typeof globalThis.fetch; readonly clock: Clock },
): FetchWithin {
  return async function fetchWithin(url, init, timeoutMs) {
    const connection = new AbortController();
    const answered = new AbortController();
    const timeOut = clock.sleep(timeoutMs, answered.signal).then(
      () => "timed_out" as const,
      // Aborted because the response arrived: must not win the race.
      () => new Promise<never>(() => {}),
    );
    try {
      return await Promise.race([exchange(url, { ...init, signal: connection.signal }), timeOut]);
    } finally {
      answered.abort();
      connection.abort();
    }
  };

  async function exchange(url: string, init: RequestInit): Promise<Answer | "connection_failed"> {
    try {
      // A redirect would lead to a host that is not configured.
      const response = await fetch(url, { ...init, redirect: "manual" });
      const body = await response.text().catch(() => "");
      return { status: response.status, headers: response.headers, body };
    } catch {
      return "connection_failed";
    }
  }
}
