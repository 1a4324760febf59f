/** Posts the model's deliveries to the receiver when they are due, several at once. */
import type { Timeline } from "../clock/timeline.ts";
import type { BrazeModel } from "./model.ts";
import type { LookupRequest } from "./connected_content.ts";
import type { Delivery } from "./outbox.ts";
import type { Outcome } from "./retries.ts";
import type { DeliveryKind } from "./ground_truth.ts";

/** How long Braze waits for the answer to a delivery. */
const ANSWER_TIMEOUT_MS = 90_000;
/** How long Braze waits for the answer to a template's request. */
const CONTENT_TIMEOUT_MS = 2_000;

export interface DeliveryWorkerOptions {
  readonly model: BrazeModel;
  readonly timeline: Timeline;
  readonly deliverTo: {
    readonly url: string;
    /** The secrets, which a person enters in Braze's dashboard. */
    readonly headers: Readonly<Record<DeliveryKind, Readonly<Record<string, string>>>>;
  };
  readonly deliveriesAtOnce: number;
  /** The address that templates request before they send, without the token; if absent, they get no answer. */
  readonly gateUrl?: string | undefined;
}

export class DeliveryWorker {
  readonly #options: DeliveryWorkerOptions;
  #planned: { readonly dueMs: number; readonly cancel: () => void } | undefined;
  #queue: Delivery[] = [];
  #taken = 0;
  #inProgress = 0;
  #isStopped = false;

  constructor(options: DeliveryWorkerOptions) {
    this.#options = options;
  }

  /** Call after any change that may affect what is due next. */
  plan(): void {
    const due = this.#isStopped ? undefined : this.#options.model.nextDueAt();
    if (due?.getTime() === this.#planned?.dueMs) return;
    this.#planned?.cancel();
    this.#planned = due === undefined ? undefined : {
      dueMs: due.getTime(),
      cancel: this.#options.timeline.at(due, () => this.#wake()),
    };
  }

  stop(): void {
    this.#isStopped = true;
    this.#queue = [];
    this.#taken = 0;
    this.plan();
  }

  /** Starts the posts and does not wait for them: the timeline tracks their fetches. */
  #wake(): void {
    this.#planned = undefined;
    for (const delivery of this.#options.model.due(this.#options.timeline.now())) {
      this.#queue.push(delivery);
    }
    for (const request of this.#options.model.takeLookupRequests()) void this.#lookUp(request);
    this.plan();
    while (this.#inProgress < this.#options.deliveriesAtOnce && this.#taken < this.#queue.length) {
      this.#inProgress++;
      void this.#postUntilEmpty();
    }
  }

  async #postUntilEmpty(): Promise<void> {
    const { model, timeline } = this.#options;
    for (let delivery = this.#take(); delivery !== undefined; delivery = this.#take()) {
      const outcome = await this.#post(delivery);
      model.report(delivery.id, outcome, timeline.now());
      this.plan();
    }
    this.#inProgress--;
  }

  #take(): Delivery | undefined {
    const delivery = this.#queue[this.#taken++];
    if (delivery !== undefined) return delivery;
    this.#queue = [];
    this.#taken = 0;
    return undefined;
  }

  /** A template sees the body of a 2xx and nothing else; redirects are not followed. */
  async #lookUp({ id, token }: LookupRequest): Promise<void> {
    const { model, timeline, gateUrl } = this.#options;
    const answer = await this.#within(CONTENT_TIMEOUT_MS, async (signal) => {
      if (gateUrl === undefined) return { content: null };
      const url = `${gateUrl}?token=${encodeURIComponent(token)}`;
      const response = await timeline.fetch(url, { redirect: "manual", signal });
      const body = await response.text();
      return { content: response.ok ? body : null };
    });
    model.receiveLookup(id, typeof answer === "string" ? null : answer.content, timeline.now());
    this.plan();
  }

  async #post(delivery: Delivery): Promise<Outcome> {
    const { timeline, deliverTo } = this.#options;
    return await this.#within(ANSWER_TIMEOUT_MS, async (signal) => {
      const response = await timeline.fetch(deliverTo.url, {
        method: "POST",
        headers: { ...delivery.headers, ...deliverTo.headers[delivery.kind] },
        body: delivery.body,
        signal,
      });
      // The body is read to its end, so that the connection can be reused.
      await response.arrayBuffer();
      const retryAfter = Number(response.headers.get("retry-after"));
      return {
        status: response.status,
        ...(retryAfter > 0 ? { retryAfterMs: retryAfter * 1_000 } : {}),
      };
    });
  }

  async #within<Answer>(
    ms: number,
    call: (signal: AbortSignal) => Promise<Answer>,
  ): Promise<Answer | "timeout" | "unreachable"> {
    const { timeline } = this.#options;
    const timeout = new AbortController();
    const cancelTimeout = timeline.at(
      new Date(timeline.now().getTime() + ms),
      () => timeout.abort(),
    );
    try {
      return await call(timeout.signal);
    } catch {
      return timeout.signal.aborted ? "timeout" : "unreachable";
    } finally {
      cancelTimeout();
    }
  }
}
