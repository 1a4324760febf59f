/** The clock of the local stack: current time, waiting, and scheduled work. */
import type { Clock } from "../../supabase/functions/_shared/runtime/clock.ts";

export interface Timeline extends Clock {
  /**
   * Runs `work` when the timeline reaches `due` (at once if that is past). Work that is due at the
   * same moment starts in the order in which it was planned. Returns a function that cancels it.
   */
  at(due: Date, work: () => Promise<void> | void): () => void;

  /**
   * `fetch` that the timeline knows about: a virtual clock does not move while such a call is under
   * way, except while the local server that answers it reports that it only waits (see `waiting`).
   */
  readonly fetch: typeof globalThis.fetch;

  /**
   * Sleeps on behalf of the caller of `request`: while a local server waits here (as the Braze sandbox does before a slow
   * answer), the caller's tracked fetch does not hold the clock.
   */
  waiting(request: Request, ms: number): Promise<void>;
}

/** The additional interface of the stack itself, which reports to a virtual clock what holds it. */
export interface StackTimeline extends Timeline {
  /** True when time stands still until it is advanced. */
  readonly virtual: boolean;

  /** `fetch` to a handler of this process; the clock treats it like a call over the network. */
  fetchWithin(handle: (request: Request) => Promise<Response>): typeof globalThis.fetch;

  /** Answers `request` on behalf of its caller, so that a sleep in `handle` counts as theirs. */
  serve(request: Request, handle: () => Promise<Response>): Promise<Response>;

  /** Attributes `work` after the answer (`EdgeRuntime.waitUntil`) to the request being served. */
  background(work: Promise<unknown>): void;

  /** Holds the clock during untracked input or output, such as a query. */
  hold<Result>(work: () => Promise<Result>): Promise<Result>;

  /** Calls `look` whenever all is quiet: it starts pending work (such as a filled queue) and returns whether it did. */
  whenQuiet(look: () => Promise<boolean>): void;

  /** Triggers the `whenQuiet` callbacks again, after a change that the timeline cannot observe. */
  nudge(): void;

  /** Stops: planned work is dropped, and every sleeper is woken with an error. */
  close(): void;
}

/** Identifies the local call of a request, so that its server can act on behalf of the caller. */
export const CALL_HEADER = "x-local-call";
