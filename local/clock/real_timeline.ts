/** The timeline of the wall clock, which needs no tracking of activities. */
import { systemClock } from "../../supabase/functions/_shared/runtime/clock.ts";
import { callWithin } from "../lib/call_within.ts";
import type { StackTimeline } from "./timeline.ts";

/** The longest delay of a timer; a longer wait uses several timers. */
const TIMER_MS_MAX = 2_147_483_647;

export class RealTimeline implements StackTimeline {
  readonly virtual = false;
  readonly #closed = new AbortController();
  #quietWork: (() => Promise<boolean>)[] = [];

  now(): Date {
    return systemClock.now();
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    const until = this.now().getTime() + ms;
    const either = signal === undefined
      ? this.#closed.signal
      : AbortSignal.any([signal, this.#closed.signal]);
    for (let left = ms; left > 0; left = until - this.now().getTime()) {
      await systemClock.sleep(Math.min(left, TIMER_MS_MAX), either);
    }
    either.throwIfAborted();
  }

  at(due: Date, work: () => Promise<void> | void): () => void {
    const off = new AbortController();
    this.sleep(due.getTime() - this.now().getTime(), off.signal).then(work, () => {
      // Cancelled, or the stack stops.
    });
    return () => off.abort();
  }

  readonly fetch: typeof globalThis.fetch = (input, init) => globalThis.fetch(input, init);

  fetchWithin(handle: (request: Request) => Promise<Response>): typeof globalThis.fetch {
    return (input, init) => callWithin(handle, input, init);
  }

  waiting(_request: Request, ms: number): Promise<void> {
    return this.sleep(ms);
  }

  serve(_request: Request, handle: () => Promise<Response>): Promise<Response> {
    return handle();
  }

  background(): void {}

  hold<Result>(work: () => Promise<Result>): Promise<Result> {
    return work();
  }

  whenQuiet(work: () => Promise<boolean>): void {
    this.#quietWork.push(work);
  }

  nudge(): void {
    for (const work of this.#quietWork) work();
  }

  close(): void {
    this.#quietWork = [];
    this.#closed.abort(new Error("Cannot wait any longer: the stack stops"));
  }
}
