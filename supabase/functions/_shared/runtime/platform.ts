/**
 * What the edge runtime gives a function, as one argument.
 *
 * `hosted` is the real one. The local stack passes another, with a clock that it moves, so that the
 * very same handlers run under both.
 */
import { type Clock, systemClock } from "./clock.ts";

export interface Platform {
  /** Reads one environment variable. */
  readonly env: (name: string) => string | undefined;
  readonly clock: Clock;
  readonly fetch: typeof globalThis.fetch;
  /** Keeps the isolate alive after the answer, until `work` has settled. */
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
    // Read at the call and not on import: the local runtime sets it per function.
    const runtime = (globalThis as { EdgeRuntime?: EdgeRuntimeGlobal }).EdgeRuntime;
    if (runtime === undefined) {
      throw new Error("Cannot go on after the answer: EdgeRuntime.waitUntil is missing");
    }
    runtime.waitUntil(work);
  },
  // deno-lint-ignore no-console
  write: (line) => console.log(line),
};
