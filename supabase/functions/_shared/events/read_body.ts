/**
 * Reads what was posted to the webhook: a Currents batch, webhook-channel messages, or the flat shape.
 *
 * Events are judged one by one: a bad one must not cost the good ones beside it, and is kept whole. Nothing is
 * dropped but push tokens.
 */
import { isCurrentsEvent, readCurrentsEvent } from "./currents.ts";
import type { BrazeEvent, ReadEvent } from "./event.ts";
import { withoutPushTokens } from "./push_tokens.ts";
import { whyNotStorable } from "./storable.ts";
import { readTemplateBody } from "./template.ts";

/** Braze itself drops events over 900 KB. */
const EVENT_CHARACTERS_MAX = 1_000_000;

export interface Reject {
  readonly body: Uint8Array;
  readonly reason: string;
}

export interface ReadBody {
  readonly events: readonly BrazeEvent[];
  readonly rejects: readonly Reject[];
}

/** `receivedAt` stands in for the time of a message that has none of its own. Never throws. */
export function readBody(body: Uint8Array, receivedAt: Date): ReadBody {
  const text = new TextDecoder().decode(body);
  // Currents probes the connection with an empty body.
  if (text.trim() === "") return { events: [], rejects: [] };

  const parts = partsOf(text);
  if (parts === null) {
    return { events: [], rejects: [{ body, reason: "Body must be JSON" }] };
  }
  const events: BrazeEvent[] = [];
  const rejects: Reject[] = [];
  for (const part of parts) {
    const read = readEvent(part, receivedAt);
    if (read.ok) {
      events.push(read.event);
    } else {
      // A lone bad event is kept as it came, to the byte.
      const kept = parts.length === 1 ? body : bytesOf(part, body);
      rejects.push({ body: kept, reason: read.reason });
    }
  }
  return { events, rejects };
}

function partsOf(text: string): readonly unknown[] | null {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return null;
  }
  if (Array.isArray(parsed)) return parsed;
  if (typeof parsed === "object" && parsed !== null && "events" in parsed) {
    if (Array.isArray(parsed.events)) return parsed.events;
    if (parsed.events === null) return [];
  }
  return [parsed];
}

export function readEvent(part: unknown, receivedAt: Date): ReadEvent {
  if (typeof part !== "object" || part === null || Array.isArray(part)) {
    return { ok: false, reason: "Event must be a JSON object" };
  }
  const reason = whyNotStorable(part);
  if (reason !== null) return { ok: false, reason };
  if (JSON.stringify(part).length > EVENT_CHARACTERS_MAX) {
    return { ok: false, reason: `Event must be at most ${EVENT_CHARACTERS_MAX} characters long` };
  }
  const raw = withoutPushTokens(part) as Record<string, unknown>;
  return isCurrentsEvent(raw) ? readCurrentsEvent(raw) : readTemplateBody(raw, receivedAt);
}

/** Not every runtime can write again what it read, when it is nested very deep: the whole body is kept then. */
function bytesOf(part: unknown, body: Uint8Array): Uint8Array {
  try {
    return new TextEncoder().encode(JSON.stringify(part));
  } catch {
    return body;
  }
}
