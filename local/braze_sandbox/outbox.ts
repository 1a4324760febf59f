/**
 * All outgoing events: waiting for its batch, due, under way, or to be tried again.
 *
 * It yields deliveries and receives the result of each; it never posts anything itself.
 */
import type { Prng } from "../lib/prng.ts";
import type { Agenda } from "./agenda.ts";
import type { Campaign } from "./campaign.ts";
import { currentsBody } from "./currents.ts";
import { afterCurrents, afterWebhook, type Outcome } from "./retries.ts";
import type { Switchboard } from "./switches.ts";
import type { DeliveryKind, GroundTruthEntry } from "./ground_truth.ts";
import { webhookBody } from "./webhook_message.ts";

const BATCH_EVENTS_MAX = 100;
/** A second copy comes this much later at most. */
const DUPLICATE_SECONDS_MAX = 600;

const HEADERS: Readonly<Record<DeliveryKind, Readonly<Record<string, string>>>> = {
  currents: { "content-type": "application/json", "braze-currents-version": "1" },
  webhook: { "content-type": "application/json" },
};

export class Delivery {
  /** How often it has been tried before. */
  attempts = 0;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    readonly id: string,
    readonly kind: DeliveryKind,
    readonly entries: readonly GroundTruthEntry[],
    readonly firstDueMs: number,
    readonly campaign: Campaign,
  ) {
    this.headers = HEADERS[kind];
  }

  get eventIds(): readonly string[] {
    return this.entries.map((entry) => entry.id);
  }

  /** Built on demand: a hundred thousand bodies at once would fill the memory. */
  get body(): string {
    return this.kind === "currents"
      ? currentsBody(this.entries, this.campaign)
      : webhookBody(this.entries[0]!, this.campaign);
  }
}

export class Outbox {
  readonly #waiting = new Map<string, GroundTruthEntry[]>();
  readonly #underWay = new Map<string, Delivery>();
  readonly #prng: Prng;
  #due: Delivery[] = [];
  #made = 0;

  constructor(
    prng: Prng,
    readonly agenda: Agenda,
    readonly switchboard: Switchboard,
    readonly campaign: Campaign,
  ) {
    this.#prng = prng.fork("outbox");
  }

  /** `happenedAt`: by our clock, in UNIX seconds. */
  put(entry: GroundTruthEntry, happenedAt: number, prng: Prng): void {
    const settings = this.switchboard.current[entry.kind];
    if (!settings.enabled || prng.chance(settings.lossProbability)) {
      entry.lost = true;
      return;
    }
    const readySeconds = happenedAt + prng.below(settings.delaySecondsMax + 1);
    this.#wait(entry, readySeconds);
    if (prng.chance(settings.duplicateProbability)) {
      this.#wait(entry, readySeconds + 1 + prng.below(DUPLICATE_SECONDS_MAX));
    }
  }

  /** What has fallen due since the last call; the caller posts it and reports each. */
  takeDue(): Delivery[] {
    const due = this.#due;
    this.#due = [];
    for (const delivery of due) this.#underWay.set(delivery.id, delivery);
    return due;
  }

  report(id: string, outcome: Outcome, now: Date): void {
    const delivery = this.#underWay.get(id);
    if (delivery === undefined) {
      throw new Error(`Cannot report a delivery: it must be under way, got ${id}`);
    }
    this.#underWay.delete(id);
    delivery.attempts++;
    const answer = (delivery.kind === "currents" ? afterCurrents : afterWebhook)({
      outcome,
      attempts: delivery.attempts,
      events: delivery.entries.length,
      elapsedMs: now.getTime() - delivery.firstDueMs,
      prng: this.#prng.fork(`${id}/${delivery.attempts}`),
    });
    switch (answer.next) {
      case "done":
        for (const entry of delivery.entries) entry.acknowledged++;
        return;
      case "drop":
        for (const entry of delivery.entries) {
          entry.dropped = typeof outcome === "string" ? outcome : outcome.status;
        }
        return;
      case "again":
        this.agenda.plan(now.getTime() + answer.waitMs, () => this.#due.push(delivery));
        return;
      case "split":
        this.agenda.plan(now.getTime(), (dueMs) => {
          this.#cut(delivery.kind, delivery.entries, answer.size, dueMs);
        });
    }
  }

  /** Events of all sends that are ready within one window wait together and leave at its end. */
  #wait(entry: GroundTruthEntry, readySeconds: number): void {
    const windowSeconds = entry.kind === "currents"
      ? Math.max(1, this.switchboard.current.currents.waitSeconds)
      : 1;
    const dueSeconds = Math.ceil(readySeconds / windowSeconds) * windowSeconds;
    const key = `${entry.kind}/${dueSeconds}`;
    const together = this.#waiting.get(key);
    if (together !== undefined) {
      together.push(entry);
      return;
    }
    this.#waiting.set(key, [entry]);
    this.agenda.plan(dueSeconds * 1_000, (dueMs) => this.#release(key, entry.kind, dueMs));
  }

  #release(key: string, kind: DeliveryKind, dueMs: number): void {
    const entries = this.#waiting.get(key)!;
    this.#waiting.delete(key);
    const ordered = this.switchboard.current[kind].reorder
      ? this.#prng.fork(key).shuffled(entries)
      : entries.toSorted((a, b) => a.time - b.time);
    this.#cut(kind, ordered, kind === "currents" ? BATCH_EVENTS_MAX : 1, dueMs);
  }

  #cut(
    kind: DeliveryKind,
    entries: readonly GroundTruthEntry[],
    size: number,
    dueMs: number,
  ): void {
    for (let from = 0; from < entries.length; from += size) {
      const part = entries.slice(from, from + size);
      this.#due.push(new Delivery(`d-${++this.#made}`, kind, part, dueMs, this.campaign));
    }
  }
}
