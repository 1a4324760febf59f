/** The clock that the local stack lives by: time, waiting, and what falls due when. */
import type { Clock } from "../../supabase/functions/_shared/runtime/clock.ts";

export interface Timeline extends Clock {
  /**
   * Runs `work` when the timeline reaches `due` (at once if that is past). Work that is due at the
   * same moment starts in the order in which it was planned. Returns a function that calls it off.
   */
  at(due: Date, work: () => Promise<void> | void): () => void;

  /**
   * `fetch` that the timeline knows about: a virtual clock does not move while such a call is under
   * way, save for as long as the local server that answers it says that it only waits (see `waiting`).
   */
  readonly fetch: typeof globalThis.fetch;

  /**
   * Sleeps on behalf of the caller of `request`: while a local server (the Braze sandbox playing a slow
   * answer) waits here, the caller's tracked fetch does not hold the clock.
   */
  waiting(request: Request, ms: number): Promise<void>;
}

/** What the stack's own machinery needs on top: it must tell a virtual clock what holds it. */
export interface StackTimeline extends Timeline {
  /** True when time stands still until told. */
  readonly virtual: boolean;

  /** `fetch` to a handler of this process: to the clock the same as a call over the wire. */
  fetchWithin(handle: (request: Request) => Promise<Response>): typeof globalThis.fetch;

  /** Answers `request` on behalf of its caller, so that a sleep in `handle` is known to be theirs. */
  serve(request: Request, handle: () => Promise<Response>): Promise<Response>;

  /** Counts `work` that goes on after the answer (`EdgeRuntime.waitUntil`) to the request being served. */
  background(work: Promise<unknown>): void;

  /** Holds the clock while untracked input or output (a query) is under way. */
  hold<Result>(work: () => Promise<Result>): Promise<Result>;

  /** Calls `look` whenever all is quiet: it starts what it finds to do (a queue that filled) and says whether it did. */
  whenQuiet(look: () => Promise<boolean>): void;

  /** Has `whenQuiet` look again: something may have happened that the timeline did not see. */
  nudge(): void;

  /** Stops: what was planned is forgotten, who sleeps is woken by an error. */
  close(): void;
}

/** Which local call a request is, so that its server can speak for its caller. */
export const CALL_HEADER = "x-local-call";
