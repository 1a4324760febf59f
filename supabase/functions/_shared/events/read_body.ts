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

const ENCODER = new TextEncoder();
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

function readPart({ bytes, survey }: Part, receivedAt: Date): ReadPart | "no_json" {
  if (survey.depth > DEPTH_MAX) return { ok: false, reason: TOO_DEEP };
  if (bytes.length > EVENT_BYTES_MAX) {
    return { ok: false, reason: `Event must be at most ${EVENT_BYTES_MAX} bytes long` };
  }
  const text = LENIENT.decode(bytes);
  const json = readJson(text, survey);
  if (!json.ok) return json.isJson ? json : "no_json";
  if (text.includes("\ufffd") && !isUtf8(bytes)) {
    return { ok: false, reason: "Text must be UTF-8" };
  }
  // Otherwise JSON.stringify writes the same. Both ways to the database must store the same payload, since an erased one is
  // recognised by its digest.
  const isKept = !survey.hasUnusualNumber && !survey.hasUnusualEscape &&
    !MAYBE_PUSH_TOKEN.test(text);
  const value = isKept ? json.value : withoutPushTokens(json.value);
  const read = readValue(value, receivedAt);
  if (!read.ok) return read;
  const payload = isKept ? bytes : ENCODER.encode(JSON.stringify(value));
  return { ok: true, event: { ...read.event, body: bytes, payload } };
}

const MAYBE_PUSH_TOKEN = /token/i;

/** `part`: the value that `readJson` returned. */
export function readEvent(part: unknown, receivedAt: Date): ReadEvent {
  return readValue(withoutPushTokens(part), receivedAt);
}

function readValue(raw: unknown, receivedAt: Date): ReadEvent {
  if (!isRecord(raw)) return { ok: false, reason: "Event must be a JSON object" };
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
