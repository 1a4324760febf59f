/** A timeline that is frozen until it is advanced, and a receiver with configured answers. */
import type { Timeline } from "../../../../local/clock/timeline.ts";

interface Planned {
  readonly dueMs: number;
  readonly work: () => Promise<void> | void;
}

export interface Posted {
  readonly at: Date;
  readonly headers: Headers;
  readonly body: string;
}

export class FakeTimeline implements Timeline {
  readonly posted: Posted[] = [];
  readonly waits: number[] = [];
  mostAtOnce = 0;
  /** The receiver. */
  answer: (body: string) => Response | Promise<Response> = () => new Response("{}");
  /** Responders that are asked first for their own addresses. */
  answerTo: (url: URL) => Response | Promise<Response> | undefined = () => undefined;
  #abandon: (() => void)[] = [];
  #nowMs: number;
  #planned: Planned[] = [];
  #underWay = 0;

  constructor(now: string) {
    this.#nowMs = Date.parse(now);
  }

  now(): Date {
    return new Date(this.#nowMs);
  }

  sleep(): Promise<void> {
    throw new Error("Cannot sleep: nothing in the sandbox should");
  }

  at(due: Date, work: () => Promise<void> | void): () => void {
    const item = { dueMs: due.getTime(), work };
    this.#planned.push(item);
    return () => {
      this.#planned = this.#planned.filter((other) => other !== item);
    };
  }

  waiting(_request: Request, ms: number): Promise<void> {
    this.waits.push(ms);
    return Promise.resolve();
  }

  /** No answer: the caller has to give up by its own clock. */
  unanswered(): Promise<never> {
    return new Promise((_, reject) => this.#abandon.push(() => reject(new Error("given up"))));
  }

  readonly fetch: typeof globalThis.fetch = async (input, init) => {
    const other = this.answerTo(new URL(String(input)));
    if (other instanceof Promise) {
      init?.signal?.addEventListener(
        "abort",
        () => this.#abandon.splice(0).forEach((end) => end()),
      );
    }
    if (other !== undefined) return await other;
    this.mostAtOnce = Math.max(this.mostAtOnce, ++this.#underWay);
    try {
      await Promise.resolve();
      const body = String(init?.body);
      this.posted.push({ at: this.now(), headers: new Headers(init?.headers), body });
      return await this.answer(body);
    } finally {
      this.#underWay--;
    }
  };

  async advanceTo(time: string): Promise<void> {
    const untilMs = Date.parse(time);
    while (true) {
      const next = this.#earliest();
      if (next === undefined || next.dueMs > untilMs) break;
      this.#planned = this.#planned.filter((other) => other !== next);
      this.#nowMs = Math.max(this.#nowMs, next.dueMs);
      await next.work();
      await this.#quiet();
    }
    this.#nowMs = untilMs;
  }

  async #quiet(): Promise<void> {
    do await new Promise((resolve) => setTimeout(resolve, 0)); while (this.#underWay > 0);
  }

  #earliest(): Planned | undefined {
    return this.#planned.reduce<Planned | undefined>(
      (first, item) => first === undefined || item.dueMs < first.dueMs ? item : first,
      undefined,
    );
  }
}
