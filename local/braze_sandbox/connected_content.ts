/**
 * The request that a template makes before it sends (Connected Content). The caller posts it; the answer is cached by
 * address for as long as Braze caches one.
 */
import { isRecord } from "./wire.ts";

/** The shortest time for which Braze caches an answer. */
const KEPT_MS = 5 * 60_000;

/** How the campaign's templates take part in the send gate. */
export const SEND_GATES = ["off", "fail_open", "fail_closed"] as const;
export type SendGate = typeof SEND_GATES[number];

export interface LookupRequest {
  readonly id: string;
  /** Empty where the schedule brings none, as one that a person made. */
  readonly token: string;
}

/** The body of a 2xx, or null for anything else: a template sees nothing then. */
export type Content = string | null;

type Then = (content: Content) => void;

export class ConnectedContent {
  readonly #kept = new Map<string, { readonly content: string; readonly untilMs: number }>();
  readonly #underWay = new Map<string, { readonly token: string; readonly then: Then }>();
  #waiting: LookupRequest[] = [];
  #asked = 0;

  /** `then` is called at once if an answer is cached, else when it arrives. */
  ask(token: string, at: Date, then: Then): void {
    const kept = this.#kept.get(token);
    if (kept !== undefined && kept.untilMs > at.getTime()) return then(kept.content);
    const id = `q-${++this.#asked}`;
    this.#underWay.set(id, { token, then });
    this.#waiting.push({ id, token });
  }

  /** The requests since the last call; the caller posts them and reports each answer. */
  takeQuestions(): LookupRequest[] {
    const waiting = this.#waiting;
    this.#waiting = [];
    return waiting;
  }

  tell(id: string, content: Content, now: Date): void {
    const asked = this.#underWay.get(id);
    if (asked === undefined) {
      throw new Error(`Cannot take an answer: its question must be under way, got ${id}`);
    }
    this.#underWay.delete(id);
    if (content !== null) {
      this.#kept.set(asked.token, { content, untilMs: now.getTime() + KEPT_MS });
    }
    asked.then(content);
  }
}

/** What the templates in braze/ make of the answer. */
export function isAborted(gate: SendGate, content: Content): boolean {
  if (gate === "off") return false;
  const send = content === null ? undefined : sendOf(content);
  return gate === "fail_open" ? send === false : send !== true;
}

function sendOf(content: string): unknown {
  try {
    const body: unknown = JSON.parse(content);
    return isRecord(body) ? body.send : undefined;
  } catch {
    // Not JSON: the template's variable holds text and no fields.
    return undefined;
  }
}
