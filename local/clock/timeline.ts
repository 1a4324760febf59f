/** The clock of the local stack: time, sleeping, and planned work. */
import type { Clock } from "../../supabase/functions/_shared/runtime/clock.ts";

export interface Timeline extends Clock {
  /**
   * Runs `work` when the timeline reaches `due` (at once if that is past). Work that is due at the same moment starts in
   * the order in which it was planned. Returns a function that cancels it.
   */
  at(due: Date, work: () => Promise<void> | void): () => void;

  /**
   * A tracked `fetch`: a virtual clock does not move while such a call is in progress, except while the local server that
   * answers it only waits (see `waiting`).
   */
  readonly fetch: typeof globalThis.fetch;

  /**
   * Sleeps on behalf of the caller of `request`: while a local server waits here (as the Braze sandbox does before a slow
   * answer), the caller's tracked fetch does not hold the clock.
   */
  waiting(request: Request, ms: number): Promise<void>;
}

/** What the stack itself needs in addition: it tells a virtual clock what holds it. */
export interface StackTimeline extends Timeline {
  /** True if the clock is frozen until it is advanced. */
  readonly virtual: boolean;

  /** A tracked `fetch` to a handler of this process instead of the network. */
  fetchWithin(handle: (request: Request) => Promise<Response>): typeof globalThis.fetch;

  /** Answers `request` as part of its caller's activity, so that a sleep in `handle` counts as the caller's. */
  serve(request: Request, handle: () => Promise<Response>): Promise<Response>;

  /** Attributes `work` after the answer (`EdgeRuntime.waitUntil`) to the request being served. */
  background(work: Promise<unknown>): void;

  /** Holds the clock during untracked input or output, such as a query. */
  hold<Result>(work: () => Promise<Result>): Promise<Result>;

  /** Calls `work` whenever no activity holds the clock; it starts pending work (from a queue) and returns whether there was any. */
  whenQuiet(work: () => Promise<boolean>): void;

  /** Calls the work of `whenQuiet` again, since the timeline does not see every change. */
  nudge(): void;

  /** Stops: discards planned work, and wakes sleepers with an error. */
  close(): void;
}

/** The header with the id of a local call, by which its server finds the caller's activity. */
export const CALL_HEADER = "x-local-call";
