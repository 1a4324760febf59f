/**
 * Reads a body posted to the webhook: a Currents batch, webhook-channel messages, or the flat shape.
 *
 * Events are read one by one: an invalid event becomes a reject with its bytes and does not affect the other events in
 * the batch. Only push tokens are dropped.
 */
import { isRecord, readJson } from "../text/exact_json.ts";
import { isCurrentsEvent, readCurrentsEvent } from "./currents.ts";
import type { ReadEvent, ReceivedEvent } from "./event.ts";
import { EVENT_BYTES_MAX, type Part, splitBody, type WhyNotSplit } from "./split_body.ts";
import { withoutPushTokens } from "./push_tokens.ts";
import { DEPTH_MAX, TOO_DEEP } from "../text/storable.ts";
import { readTemplateBody } from "./template.ts";

const LENIENT = new TextDecoder("utf-8", { ignoreBOM: true });
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];
const BLANKS = [0x09, 0x0a, 0x0d, 0x20];

export interface Reject {
  readonly body: Uint8Array;
  readonly reason: string;
}

export interface ReadBody {
  readonly events: readonly ReceivedEvent[];
  readonly rejects: readonly Reject[];
}

const REASONS: Readonly<Record<Exclude<WhyNotSplit, "too_many_events">, string>> = {
  no_json: "Body must be JSON",
  events_twice: "Body must hold one list of events",
};

/** `receivedAt`: the time of a message without its own time. Never throws. */
export function readBody(body: Uint8Array, receivedAt: Date): ReadBody | "too_many_events" {
  const isMarked = BYTE_ORDER_MARK.every((byte, index) => body[index] === byte);
  const json = isMarked ? body.subarray(BYTE_ORDER_MARK.length) : body;
  // Currents tests the connection with an empty body.
  if (json.every((byte) => BLANKS.includes(byte))) return { events: [], rejects: [] };

  const rejected = (reason: string) => ({ events: [], rejects: [{ body, reason }] });
  const split = splitBody(json);
  if (!split.ok) {
    return split.why === "too_many_events" ? split.why : rejected(REASONS[split.why]);
  }

  const events: ReceivedEvent[] = [];
  const rejects: Reject[] = [];
  for (const part of split.parts) {
    const read = readPart(part, receivedAt);
    if (read === "no_json") return rejected(REASONS.no_json);
    if (read.ok) events.push(read.event);
    // A single invalid event is stored as the whole body.
    else rejects.push({ body: split.parts.length === 1 ? body : part.bytes, reason: read.reason });
  }
  return { events, rejects };
}

type ReadPart =
  | { readonly ok: true; readonly event: ReceivedEvent }
  | { readonly ok: false; readonly reason: string };

function readPart({ bytes, depth }: Part, receivedAt: Date): ReadPart | "no_json" {
  if (depth > DEPTH_MAX) return { ok: false, reason: TOO_DEEP };
  if (bytes.length > EVENT_BYTES_MAX) {
    return { ok: false, reason: `Event must be at most ${EVENT_BYTES_MAX} bytes long` };
  }
  const text = LENIENT.decode(bytes);
  const json = readJson(text, true);
  if (!json.ok) return json.isJson ? json : "no_json";
  if (text.includes("\ufffd") && !isUtf8(bytes)) {
    return { ok: false, reason: "Text must be UTF-8" };
  }
  const isKept = !REWRITTEN.test(text);
  const read = isKept && isRecord(json.value)
    ? readRecord(json.value, receivedAt)
    : readEvent(json.value, receivedAt);
  if (!read.ok) return read;
  const payload = isKept ? text : JSON.stringify(read.event.raw);
  return { ok: true, event: { ...read.event, body: bytes, payload } };
}

/**
 * Text that may name a push token, and text that JSON.stringify would write in another way: escapes, exponents, trailing
 * zeros. Both ways to the database must store the same payload, since an erased one is recognised by its digest.
 */
const REWRITTEN = /token|\\|[0-9][eE]|\.[0-9]*0(?![0-9])/i;

/** `part`: the value that `readJson` returned. */
export function readEvent(part: unknown, receivedAt: Date): ReadEvent {
  if (!isRecord(part)) return { ok: false, reason: "Event must be a JSON object" };
  return readRecord(withoutPushTokens(part) as Record<string, unknown>, receivedAt);
}

function readRecord(raw: Record<string, unknown>, receivedAt: Date): ReadEvent {
  return isCurrentsEvent(raw)
    ? readCurrentsEvent(raw, receivedAt)
    : readTemplateBody(raw, receivedAt);
}

function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}
