/** A clock that moves only when a test advances it; it skips the pauses that the test marks as irrelevant. */
import type { Clock } from "../../supabase/functions/_shared/runtime/clock.ts";

interface Sleeper {
  readonly dueMs: number;
  readonly wake: () => void;
}

export class ManualClock implements Clock {
  #nowMs: number;
  #sleepers: Sleeper[] = [];
  /** The length of every sleep that ended and was not cancelled. */
  readonly slept: number[] = [];

  /** `skips` selects the sleeps that the clock skips at once. */
  constructor(start: string, private readonly skips: (ms: number) => boolean = () => false) {
    this.#nowMs = Date.parse(start);
  }

  now(): Date {
    return new Date(this.#nowMs);
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (this.skips(ms)) {
      this.#nowMs += ms;
      this.slept.push(ms);
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => {
      const sleeper = {
        dueMs: this.#nowMs + ms,
        wake: () => {
          this.slept.push(ms);
          resolve();
        },
      };
      this.#sleepers.push(sleeper);
      signal?.addEventListener("abort", () => {
        this.#sleepers = this.#sleepers.filter((other) => other !== sleeper);
        reject(signal.reason);
      });
    });
  }

  advance(ms: number): void {
    this.#nowMs += ms;
    const due = this.#sleepers.filter(({ dueMs }) => dueMs <= this.#nowMs);
    this.#sleepers = this.#sleepers.filter((sleeper) => !due.includes(sleeper));
    for (const { wake } of due.sort((a, b) => a.dueMs - b.dueMs)) wake();
  }

  /** The number of pending sleeps. */
  get asleep(): number {
    return this.#sleepers.length;
  }
}
