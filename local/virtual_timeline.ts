/**
 * A clock that stands still until it is told to move, and then runs whatever falls due on the way, in
 * order, one thing after the other: before the next one starts, all that the last one set going has
 * come to rest.
 *
 * At rest means that nothing is under way that would go on without the clock: no tracked call, no
 * planned work and no background work, save for those that themselves sleep on this clock. Who sleeps
 * on whose behalf follows from the asynchronous context, so code under test needs to know nothing.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { DueQueue } from "./due_queue.ts";
import { CALL_HEADER, type StackTimeline } from "./timeline.ts";

/** How often the event loop must turn without anything new before we believe that all is quiet. */
const CALM_TURNS = 5;

/**
 * Something under way: a call, planned work, or an outsider's request.
 *
 * What came from outside (somebody's curl, a test) moves the clock by itself when it sleeps, since its
 * caller waits for the answer. What the timeline itself started sleeps until the clock is told to move.
 */
interface Activity {
  readonly origin: "outside" | "timeline";
  /** Reasons for which it is not over yet: the answer, background work after the answer. */
  open: number;
  /** Sleeps of its own, and calls that it made whose answerer sleeps. */
  sleeping: number;
  /** Who waits for the answer. */
  caller?: Activity | undefined;
}

interface Item {
  readonly dueMs: number;
  readonly planned: number;
  cancelled: boolean;
  readonly run: () => void;
  /** For sleepers: is somebody outside waiting for this? */
  readonly movesClock: () => boolean;
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
  readonly #context = new AsyncLocalStorage<Activity>();
  readonly #calls = new Map<string, Activity>();
  readonly #queue = new DueQueue<Item>();
  readonly #sleepers = new Set<Item>();
  readonly #onError: (error: unknown) => void;
  #looks: (() => Promise<boolean>)[] = [];
  #advances: Advance[] = [];
  #nowMs: number;
  #planned = 0;
  #called = 0;
  /** Activities that hold the clock. */
  #busy = 0;
  /** Counts everything that happens, so that "nothing new" can be seen. */
  #changes = 0;
  #lookedAfter = -1;
  #isNudged = false;
  #wake: (() => void) | undefined;
  #pumping = false;
  #finishing = false;
  #closed = false;

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

  /** Runs all that is due until `to`, in order, and resolves when all is quiet, with how much ran. */
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

  advance(ms: number): Promise<number> {
    return this.advanceTo(new Date(this.#nowMs + ms));
  }

  at(due: Date, work: () => Promise<void> | void): () => void {
    const run = () => {
      const activity = idle("timeline");
      this.#update(activity, "open", 1);
      this.#context.run(activity, () => Promise.resolve().then(work))
        .catch(this.#onError)
        .finally(() => this.#update(activity, "open", -1));
    };
    const item = this.#plan(due.getTime(), run, () => false, () => {});
    return () => {
      item.cancelled = true;
    };
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return this.#sleepFor(this.#context.getStore(), ms, signal);
  }

  waiting(request: Request, ms: number): Promise<void> {
    return this.#sleepFor(this.#callerOf(request) ?? this.#context.getStore(), ms);
  }

  readonly fetch: typeof globalThis.fetch = async (input, init) => {
    const caller = this.#context.getStore();
    const activity: Activity = { ...idle(caller?.origin ?? "outside"), caller };
    const id = String(++this.#called);
    const headers = new Headers(
      init?.headers ?? (input instanceof Request ? input.headers : undefined),
    );
    headers.set(CALL_HEADER, id);
    this.#calls.set(id, activity);
    this.#update(activity, "open", 1);
    try {
      const response = await globalThis.fetch(input, { ...init, headers });
      return await readWhole(response);
    } finally {
      this.#calls.delete(id);
      this.#update(activity, "open", -1);
      if (caller !== undefined && sleeps(activity)) this.#update(caller, "sleeping", -1);
      activity.caller = undefined;
    }
  };

  async serve(request: Request, handle: () => Promise<Response>): Promise<Response> {
    const caller = this.#callerOf(request);
    if (caller !== undefined) return this.#context.run(caller, handle);

    const outsider = idle("outside");
    this.#update(outsider, "open", 1);
    try {
      return await this.#context.run(outsider, handle);
    } finally {
      this.#update(outsider, "open", -1);
    }
  }

  background(work: Promise<unknown>): void {
    const activity = this.#context.getStore();
    // Nobody's work: whose sleeps they are could not be told either, so it must not hold the clock.
    if (activity === undefined) return;
    this.#update(activity, "open", 1);
    const over = () => this.#update(activity, "open", -1);
    work.then(over, over);
  }

  async hold<Result>(work: () => Promise<Result>): Promise<Result> {
    const activity = idle("timeline");
    this.#update(activity, "open", 1);
    try {
      return await work();
    } finally {
      this.#update(activity, "open", -1);
    }
  }

  whenQuiet(look: () => Promise<boolean>): void {
    this.#looks.push(look);
    this.#changed();
  }

  nudge(): void {
    this.#isNudged = true;
    this.#changed();
  }

  /** Lets every sleeper wake in turn, whoever it is, so that background work can end before the stack does. */
  finish(): void {
    this.#finishing = true;
    this.#changed();
  }

  close(): void {
    this.#closed = true;
    const reason = new Error("Cannot wait any longer: the virtual clock was stopped");
    for (const item of this.#queue.clear()) item.drop(reason);
    for (const advance of this.#advances.splice(0)) advance.reject(reason);
    this.#looks = [];
    this.#changed();
  }

  #callerOf(request: Request): Activity | undefined {
    return this.#calls.get(request.headers.get(CALL_HEADER) ?? "");
  }

  #sleepFor(activity: Activity | undefined, ms: number, signal?: AbortSignal): Promise<void> {
    if (Number.isNaN(ms)) {
      throw new RangeError("Cannot sleep: duration must be a number of milliseconds, got NaN");
    }
    if (signal?.aborted) return Promise.reject(signal.reason);
    return new Promise((resolve, reject) => {
      const over = () => {
        item.cancelled = true;
        this.#sleepers.delete(item);
        signal?.removeEventListener("abort", abort);
        if (activity !== undefined) this.#update(activity, "sleeping", -1);
      };
      const abort = () => {
        over();
        reject(signal?.reason);
      };
      const item = this.#plan(
        this.#nowMs + Math.max(0, ms),
        () => {
          over();
          resolve();
        },
        () => activity === undefined || (activity.origin === "outside" && activity.open > 0),
        (reason) => {
          over();
          reject(reason);
        },
      );
      this.#sleepers.add(item);
      signal?.addEventListener("abort", abort, { once: true });
      if (activity !== undefined) this.#update(activity, "sleeping", 1);
    });
  }

  #plan(
    dueMs: number,
    run: () => void,
    movesClock: () => boolean,
    drop: (reason: Error) => void,
  ): Item {
    if (Number.isNaN(dueMs)) {
      throw new RangeError("Cannot plan work: due must be a time, got an invalid date");
    }
    if (this.#closed) throw new Error("Cannot plan work: the virtual clock was stopped");
    const item: Item = {
      dueMs,
      planned: ++this.#planned,
      cancelled: false,
      run,
      movesClock,
      drop,
    };
    this.#queue.push(item);
    this.#changed();
    return item;
  }

  #update(activity: Activity, field: "open" | "sleeping", by: 1 | -1): void {
    const [held, slept] = [holds(activity), sleeps(activity)];
    activity[field] += by;
    this.#busy += Number(holds(activity)) - Number(held);
    const { caller } = activity;
    if (caller !== undefined && sleeps(activity) !== slept) {
      this.#update(caller, "sleeping", slept ? -1 : 1);
    }
    this.#changed();
  }

  #changed(): void {
    this.#changes++;
    this.#wake?.();
    if (this.#pumping) return;
    this.#pumping = true;
    this.#pump().catch(this.#onError);
  }

  async #pump(): Promise<void> {
    let seen: number;
    do {
      seen = this.#changes;
    } while (await this.#step() || seen !== this.#changes);
    this.#pumping = false;
  }

  /** Does the one next thing, if there is one that may be done now. */
  async #step(): Promise<boolean> {
    await this.#quiet();
    const advance = this.#advances[0];
    const limitMs = Math.max(this.#nowMs, advance?.toMs ?? this.#wokenByItselfMs());
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

  /** When the first sleeper is due that may move the clock although nobody does. */
  #wokenByItselfMs(): number {
    let earliestMs = -Infinity;
    for (const { dueMs, movesClock } of this.#sleepers) {
      if (!this.#finishing && !movesClock()) continue;
      if (earliestMs === -Infinity || dueMs < earliestMs) earliestMs = dueMs;
    }
    return earliestMs;
  }

  async #quiet(): Promise<void> {
    while (true) {
      await this.#calm();
      if (this.#lookedAfter === this.#changes) return;
      let found = false;
      this.#isNudged = false;
      for (const look of this.#looks) {
        const looker = idle("timeline");
        found = await this.#context.run(looker, look).catch(this.#onError) === true || found;
      }
      // Looking is itself a change, so a nudge that came meanwhile must be told apart: it may be news.
      if (!found && !this.#isNudged) this.#lookedAfter = this.#changes;
    }
  }

  async #calm(): Promise<void> {
    for (let calm = 0; calm < CALM_TURNS; calm++) {
      if (this.#busy > 0) {
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

function idle(origin: Activity["origin"]): Activity {
  return { origin, open: 0, sleeping: 0 };
}

function holds({ open, sleeping }: Activity): boolean {
  return open > 0 && sleeping === 0;
}

function sleeps({ open, sleeping }: Activity): boolean {
  return open > 0 && sleeping > 0;
}

/** Reads the body while the call still counts as under way, so that reading it later needs no waiting. */
async function readWhole(response: Response): Promise<Response> {
  const { status, statusText, headers } = response;
  const body = await response.arrayBuffer();
  const empty = status === 204 || status === 205 || status === 304;
  return new Response(empty ? null : body, { status, statusText, headers });
}

/** Planned work that fails is a fault of ours: it must not pass unseen. */
function crash(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
