/**
 * A clock that is frozen until it is advanced. An advance runs all work that is due on the way, in order, one item after
 * the other: the next one starts when all activities of the last one are quiet.
 *
 * Quiet means that no tracked call, planned work or background work is in progress, except those that sleep on this
 * clock.
 */
import { Activities, type Activity, movesClock } from "./activities.ts";
import { callWithin } from "../lib/call_within.ts";
import { DueQueue } from "./due_queue.ts";
import type { StackTimeline } from "./timeline.ts";

/** How many turns of the event loop without a change count as quiet. */
const CALM_TURNS = 5;

interface Item {
  readonly dueMs: number;
  readonly planned: number;
  cancelled: boolean;
  readonly run: () => void;
  readonly drop: (reason: Error) => void;
}

interface Advance {
  readonly toMs: number;
  readonly resolve: (ran: number) => void;
  readonly reject: (reason: Error) => void;
  ran: number;
}

export class VirtualTimeline implements StackTimeline {
  readonly virtual = true;
  readonly #activities = new Activities(() => this.#changed());
  readonly #queue = new DueQueue<Item>();
  /** The activity of each sleeper. */
  readonly #sleepers = new Map<Item, Activity | undefined>();
  readonly #onError: (error: unknown) => void;
  #quietWork: (() => Promise<boolean>)[] = [];
  #advances: Advance[] = [];
  #nowMs: number;
  #planned = 0;
  /** The number of changes so far, from which "no change" is detected. */
  #changes = 0;
  /** `#changes` at the last time when the work of `whenQuiet` found nothing to do. */
  #quietAtChange = -1;
  #isNudged = false;
  #wake: (() => void) | undefined;
  #isPumping = false;
  #isFinishing = false;
  #isClosed = false;

  constructor(start: Date, onError: (error: unknown) => void = crash) {
    if (Number.isNaN(start.getTime())) {
      throw new RangeError(
        "Cannot start a virtual clock: start must be a time, got an invalid date",
      );
    }
    this.#nowMs = start.getTime();
    this.#onError = onError;
  }

  now(): Date {
    return new Date(this.#nowMs);
  }

  /** Runs all work that is due until `to`, in order, and resolves with its number when all is quiet. */
  advanceTo(to: Date): Promise<number> {
    const toMs = to.getTime();
    if (!(toMs >= this.#nowMs)) {
      const got = Number.isNaN(toMs) ? "an invalid date" : to.toISOString();
      return Promise.reject(
        new RangeError(
          `Cannot advance the clock: target must be ${this.now().toISOString()} or later, got ${got}`,
        ),
      );
    }
    return new Promise((resolve, reject) => {
      this.#advances.push({ toMs, resolve, reject, ran: 0 });
      this.#changed();
    });
  }

  at(due: Date, work: () => Promise<void> | void): () => void {
    const run = () => void this.#activities.run(work).catch(this.#onError);
    const item = this.#plan(due.getTime(), run, () => {});
    return () => {
      item.cancelled = true;
    };
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return this.#sleepFor(this.#activities.current, ms, signal);
  }

  waiting(request: Request, ms: number): Promise<void> {
    return this.#sleepFor(this.#activities.callerOf(request) ?? this.#activities.current, ms);
  }

  readonly fetch: typeof globalThis.fetch = (input, init) => this.#activities.fetch(input, init);

  fetchWithin(handle: (request: Request) => Promise<Response>): typeof globalThis.fetch {
    return (input, init) =>
      this.#activities.fetch(
        input,
        init,
        (input, init) =>
          callWithin((request) => this.serve(request, () => handle(request)), input, init),
      );
  }

  serve(request: Request, handle: () => Promise<Response>): Promise<Response> {
    return this.#activities.serve(request, handle);
  }

  background(work: Promise<unknown>): void {
    this.#activities.background(work);
  }

  hold<Result>(work: () => Promise<Result>): Promise<Result> {
    return this.#activities.hold(work);
  }

  whenQuiet(work: () => Promise<boolean>): void {
    this.#quietWork.push(work);
    this.#changed();
  }

  nudge(): void {
    this.#isNudged = true;
    this.#changed();
  }

  /** Wakes every sleeper in turn, so that background work can end before the stack does. */
  finish(): void {
    this.#isFinishing = true;
    this.#changed();
  }

  close(): void {
    this.#isClosed = true;
    const reason = new Error("Cannot wait any longer: the virtual clock was stopped");
    for (const item of this.#queue.clear()) item.drop(reason);
    for (const advance of this.#advances.splice(0)) advance.reject(reason);
    this.#quietWork = [];
    this.#changed();
  }

  #sleepFor(activity: Activity | undefined, ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    return new Promise((resolve, reject) => {
      const over = () => {
        item.cancelled = true;
        this.#sleepers.delete(item);
        signal?.removeEventListener("abort", abort);
        this.#activities.sleepEnds(activity);
      };
      const abort = () => {
        over();
        reject(signal?.reason);
      };
      const wake = () => {
        over();
        resolve();
      };
      const drop = (reason: Error) => {
        over();
        reject(reason);
      };
      const item = this.#plan(this.#nowMs + Math.max(0, ms), wake, drop);
      this.#sleepers.set(item, activity);
      signal?.addEventListener("abort", abort, { once: true });
      this.#activities.sleepBegins(activity);
    });
  }

  #plan(dueMs: number, run: () => void, drop: (reason: Error) => void): Item {
    if (Number.isNaN(dueMs)) {
      throw new RangeError("Cannot plan ahead: due must be a time, got NaN");
    }
    if (this.#isClosed) throw new Error("Cannot plan ahead: the virtual clock was stopped");
    const item: Item = { dueMs, planned: ++this.#planned, cancelled: false, run, drop };
    this.#queue.push(item);
    this.#changed();
    return item;
  }

  #changed(): void {
    this.#changes++;
    this.#wake?.();
    if (this.#isPumping) return;
    this.#isPumping = true;
    this.#pump().catch(this.#onError);
  }

  async #pump(): Promise<void> {
    let seen: number;
    do {
      seen = this.#changes;
    } while (await this.#step() || seen !== this.#changes);
    this.#isPumping = false;
  }

  /** Runs the next item, if one is due. */
  async #step(): Promise<boolean> {
    await this.#quiet();
    const advance = this.#advances[0];
    const limitMs = Math.max(this.#nowMs, advance?.toMs ?? this.#selfMovingSleepMs());
    const next = this.#queue.peek();
    if (next !== undefined && next.dueMs <= limitMs) {
      this.#queue.pop();
      this.#nowMs = Math.max(this.#nowMs, next.dueMs);
      if (advance !== undefined) advance.ran++;
      this.#changes++;
      next.run();
      return true;
    }
    if (advance === undefined) return false;
    this.#nowMs = limitMs;
    this.#advances.shift();
    advance.resolve(advance.ran);
    return true;
  }

  /** When the first sleeper is due that moves the clock without an advance. */
  #selfMovingSleepMs(): number {
    let earliestMs = Infinity;
    for (const [{ dueMs }, activity] of this.#sleepers) {
      if (this.#isFinishing || movesClock(activity)) earliestMs = Math.min(earliestMs, dueMs);
    }
    return earliestMs === Infinity ? -Infinity : earliestMs;
  }

  async #quiet(): Promise<void> {
    while (true) {
      await this.#calm();
      if (this.#quietAtChange === this.#changes) return;
      let found = false;
      this.#isNudged = false;
      for (const work of this.#quietWork) {
        found = await this.#activities.asTimeline(work).catch(this.#onError) === true || found;
      }
      // The work itself counts as changes, so a nudge that arrives during it needs its own flag.
      if (!found && !this.#isNudged) this.#quietAtChange = this.#changes;
    }
  }

  async #calm(): Promise<void> {
    for (let calm = 0; calm < CALM_TURNS; calm++) {
      if (this.#activities.areBusy) {
        await new Promise<void>((resolve) => this.#wake = resolve);
        this.#wake = undefined;
        calm = -1;
        continue;
      }
      const before = this.#changes;
      await new Promise((resolve) => setImmediate(resolve));
      if (before !== this.#changes) calm = -1;
    }
  }
}

/** Planned work that fails is a defect of the stack and must not go unnoticed. */
function crash(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
