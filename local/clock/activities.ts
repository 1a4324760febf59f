/**
 * Tracks the activities in progress on a virtual clock.
 *
 * An activity holds the clock while it is open and does not sleep. The asynchronous context tells to which activity a
 * sleep belongs, so the running code needs no changes.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { CALL_HEADER } from "./timeline.ts";

/**
 * A call, planned work, or a request from outside.
 *
 * A request from outside (by curl or a test) moves the clock when it sleeps, since its caller waits for the answer. An
 * activity that the timeline started sleeps until the clock is advanced.
 */
export interface Activity {
  readonly origin: "outside" | "timeline";
  /** How many reasons keep it open: the answer, background work after the answer. */
  open: number;
  /** The number of its own sleeps, and of its calls whose server sleeps. */
  sleeping: number;
  /** The activity that waits for the answer. */
  caller?: Activity | undefined;
}

export class Activities {
  readonly #context = new AsyncLocalStorage<Activity>();
  readonly #calls = new Map<string, Activity>();
  readonly #changed: () => void;
  #called = 0;
  #busy = 0;

  /** `changed` is called when an activity begins, sleeps, wakes or ends. */
  constructor(changed: () => void) {
    this.#changed = changed;
  }

  /** Whether an activity holds the clock. */
  get areBusy(): boolean {
    return this.#busy > 0;
  }

  /** The activity of the running code, if there is one. */
  get current(): Activity | undefined {
    return this.#context.getStore();
  }

  /** The activity of the call that sent a request to a local server. */
  callerOf(request: Request): Activity | undefined {
    return this.#calls.get(request.headers.get(CALL_HEADER) ?? "");
  }

  /** Runs `work` as a new activity of the timeline, which stays open until `work` ends. */
  async run<Result>(work: () => Promise<Result> | Result): Promise<Result> {
    const activity = idle("timeline");
    return await this.#whileOpen(activity, () => this.#context.run(activity, work));
  }

  /** Runs `work` as an activity of the timeline that does not hold the clock, since the caller waits for it. */
  asTimeline<Result>(work: () => Result): Result {
    return this.#context.run(idle("timeline"), work);
  }

  async hold<Result>(work: () => Promise<Result>): Promise<Result> {
    return await this.#whileOpen(idle("timeline"), work);
  }

  async serve(request: Request, handle: () => Promise<Response>): Promise<Response> {
    const caller = this.callerOf(request);
    if (caller !== undefined) return await this.#context.run(caller, handle);
    const outsider = idle("outside");
    return await this.#whileOpen(outsider, () => this.#context.run(outsider, handle));
  }

  background(work: Promise<unknown>): void {
    const activity = this.current;
    // Work outside any activity does not hold the clock, since its sleeps could not be attributed either.
    if (activity === undefined) return;
    this.#update(activity, "open", 1);
    const over = () => this.#update(activity, "open", -1);
    work.then(over, over);
  }

  /** `send` transmits the request: over the network, or to a handler of this process. */
  async fetch(
    input: RequestInfo | URL,
    init: RequestInit | undefined,
    send: typeof globalThis.fetch = globalThis.fetch,
  ): Promise<Response> {
    const caller = this.current;
    const activity: Activity = { ...idle(caller?.origin ?? "outside"), caller };
    const id = String(++this.#called);
    const headers = new Headers(
      init?.headers ?? (input instanceof Request ? input.headers : undefined),
    );
    headers.set(CALL_HEADER, id);
    this.#calls.set(id, activity);
    try {
      return await this.#whileOpen(
        activity,
        async () => await readWhole(await send(input, { ...init, headers })),
      );
    } finally {
      this.#calls.delete(id);
      // Background work of the server may go on sleeping, but the caller does not wait for it.
      if (caller !== undefined && sleeps(activity)) this.#update(caller, "sleeping", -1);
      activity.caller = undefined;
    }
  }

  sleepBegins(activity: Activity | undefined): void {
    if (activity !== undefined) this.#update(activity, "sleeping", 1);
  }

  sleepEnds(activity: Activity | undefined): void {
    if (activity !== undefined) this.#update(activity, "sleeping", -1);
  }

  async #whileOpen<Result>(
    activity: Activity,
    work: () => Promise<Result> | Result,
  ): Promise<Result> {
    this.#update(activity, "open", 1);
    try {
      return await work();
    } finally {
      this.#update(activity, "open", -1);
    }
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
}

/** Whether a sleep of this activity moves the clock without an advance. */
export function movesClock(activity: Activity | undefined): boolean {
  return activity === undefined || (activity.origin === "outside" && activity.open > 0);
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

/** Reads the body while the call is still in progress, so that reading it later needs no waiting. */
async function readWhole(response: Response): Promise<Response> {
  const { status, statusText, headers } = response;
  const body = await response.arrayBuffer();
  const empty = status === 204 || status === 205 || status === 304;
  return new Response(empty ? null : body, { status, statusText, headers });
}
