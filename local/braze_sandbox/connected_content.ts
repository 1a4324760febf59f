/**
 * Connected Content: the request that a template makes before its message is sent. The delivery worker makes the
 * request; this module caches the answers by address, as Braze does.
 */
import { isRecord } from "./wire.ts";

/** Braze caches an answer for at least this long. */
const CACHED_MS = 5 * 60_000;

/** How the campaign's templates use the send gate. */
export const SEND_GATES = ["off", "fail_open", "fail_closed"] as const;
export type SendGate = typeof SEND_GATES[number];

export interface LookupRequest {
  readonly id: string;
  /** Empty if the schedule has none, as one that a person created. */
  readonly token: string;
}

/** The body of a 2xx answer, or null for any other answer, of which a template sees nothing. */
export type Content = string | null;

type Then = (content: Content) => void;

export class ConnectedContent {
  readonly #cached = new Map<string, { readonly content: string; readonly untilMs: number }>();
  readonly #pending = new Map<string, { readonly token: string; readonly then: Then }>();
  #waiting: LookupRequest[] = [];
  #requests = 0;

  /** Calls `then` at once if an answer is cached, otherwise when the answer arrives. */
  request(token: string, at: Date, then: Then): void {
    const cached = this.#cached.get(token);
    if (cached !== undefined && cached.untilMs > at.getTime()) return then(cached.content);
    const id = `q-${++this.#requests}`;
    this.#pending.set(id, { token, then });
    this.#waiting.push({ id, token });
  }

  /** The requests since the last call. The caller makes each of them and passes its answer to `receive`. */
  takeRequests(): LookupRequest[] {
    const waiting = this.#waiting;
    this.#waiting = [];
    return waiting;
  }

  receive(id: string, content: Content, now: Date): void {
    const pending = this.#pending.get(id);
    if (pending === undefined) {
      throw new Error(`Cannot receive an answer: its request must be pending, got ${id}`);
    }
    this.#pending.delete(id);
    if (content !== null) {
      this.#cached.set(pending.token, { content, untilMs: now.getTime() + CACHED_MS });
    }
    pending.then(content);
  }
}

/** What the templates in braze/ begin with. */
export function gateTemplate(gate: SendGate): string {
  if (gate === "off") return "";
  const condition = gate === "fail_open" ? "gate.send == false" : "gate.send != true";
  return "{% connected_content https://example.test/functions/v1/braze-send-gate" +
    "?token={{api_trigger_properties.${send_gate_token}}} :save gate %}" +
    `{% if ${condition} %}{% abort_message('The send gate did not allow this push') %}{% endif %}`;
}

/** How the templates in braze/ interpret the answer. */
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
