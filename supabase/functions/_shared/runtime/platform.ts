/**
 * The services of the edge runtime that a function uses, as one argument.
 *
 * `hosted` is the real runtime. The local stack passes its own platform with a virtual clock, so that the same handlers
 * run in both.
 */
import { type Clock, systemClock } from "./clock.ts";

export interface Platform {
  /** Reads one environment variable. */
  readonly env: (name: string) => string | undefined;
  readonly clock: Clock;
  readonly fetch: typeof globalThis.fetch;
  /** Keeps the isolate alive after the response, until `work` has settled. */
  readonly waitUntil: (work: Promise<unknown>) => void;
  /** Writes one log line. */
  readonly write: (line: string) => void;
}

interface EdgeRuntimeGlobal {
  waitUntil(work: Promise<unknown>): void;
}

export const hosted: Platform = {
  env: (name) => Deno.env.get(name),
  clock: systemClock,
  fetch: (input, init) => globalThis.fetch(input, init),
  waitUntil: (work) => {
    // Read on each call and not on import, because the local runtime sets it per function.
    const runtime = (globalThis as { EdgeRuntime?: EdgeRuntimeGlobal }).EdgeRuntime;
    if (runtime === undefined) {
      throw new Error("Cannot run after the response: EdgeRuntime.waitUntil is missing");
    }
    runtime.waitUntil(work);
  },
  // deno-lint-ignore no-console
  write: (line) => console.log(line),
};
