/**
 * Splits a body into the bytes of its events without parsing them, so that each event is parsed, rejected and stored on
 * its own, and one that is too long or too deep is never parsed. JSON.parse needs half a gigabyte for 8 MB of brackets.
 *
 * If the body is valid JSON, all parts are; the validity of a part is only checked when it is parsed.
 */
import { readJson } from "../text/exact_json.ts";
import { DEPTH_MAX } from "../text/storable.ts";
import { type Survey, survey } from "../text/survey_json.ts";

/** Currents sends 100 per request. This many use the time that a function has for one request. */
export const EVENTS_A_BODY_MAX = 20_000;
/** Braze drops events over 900 KB. */
export const EVENT_BYTES_MAX = 1_000_000;
/** Maximum number of members beside an `events` list; an object with more members is one event. */
const OTHERS_MAX = 100;
/** The length of "events" with each letter as a \u escape. */
const EVENTS_NAME_BYTES_MAX = 38;

export interface Part {
  readonly bytes: Uint8Array;
  readonly survey: Survey;
}

export type WhyNotSplit = "no_json" | "too_many_events" | "events_twice";

export type Split =
  | { readonly ok: true; readonly parts: readonly Part[] }
  | { readonly ok: false; readonly why: WhyNotSplit };

/** `[…]` and `{"events":[…]}` are lists of events; any other body is one event. The parts are views into `body`. */
export function splitBody(body: Uint8Array): Split {
  try {
    return { ok: true, parts: new Scanner(body).parts() };
  } catch (error) {
    if (error instanceof NotSplit) return { ok: false, why: error.why };
    throw error;
  }
}

/** Whether a part is within the limits for parsing. */
function isReadable({ bytes, survey }: Part): boolean {
  return bytes.length <= EVENT_BYTES_MAX && survey.depth <= DEPTH_MAX;
}

class NotSplit extends Error {
  constructor(readonly why: WhyNotSplit) {
    super(why);
  }
}

/** A member of an object: name with value, and the value alone. */
interface Member extends Part {
  readonly isEvents: boolean;
  readonly value: Part;
}

const [QUOTE, COMMA, COLON] = [0x22, 0x2c, 0x3a] as const;
const [LIST, LIST_END, OBJECT, OBJECT_END] = [0x5b, 0x5d, 0x7b, 0x7d] as const;
const BLANKS = new Set([0x09, 0x0a, 0x0d, 0x20]);
const ENDS_SCALAR = new Set([...BLANKS, QUOTE, COMMA, COLON, LIST, LIST_END, OBJECT, OBJECT_END]);

class Scanner {
  #at = 0;

  constructor(readonly body: Uint8Array) {}

  parts(): readonly Part[] {
    this.#skipBlanks();
    const parts = this.#here === LIST
      ? this.#elements()
      : this.#here === OBJECT
      ? this.#eventsOrItself()
      : [this.#value()];
    this.#skipBlanks();
    if (this.#at < this.body.length) throw new NotSplit("no_json");
    return parts;
  }

  get #here(): number | undefined {
    return this.body[this.#at];
  }

  #elements(): readonly Part[] {
    const parts: Part[] = [];
    for (const _ of this.#inside(LIST_END)) {
      if (parts.length === EVENTS_A_BODY_MAX) throw new NotSplit("too_many_events");
      parts.push(this.#value());
    }
    return parts;
  }

  /** Invalid JSON takes precedence over too many events. */
  #elementsWithin(start: number): readonly Part[] {
    try {
      return this.#elements();
    } catch (error) {
      this.#at = start;
      this.#value();
      throw error;
    }
  }

  #eventsOrItself(): readonly Part[] {
    const start = this.#at;
    const lists: (readonly Part[])[] = [];
    const others: Member[] = [];
    for (const _ of this.#inside(OBJECT_END)) {
      const memberAt = this.#at;
      const isEvents = isEventsName(this.#value());
      this.#skipBlanks();
      this.#take(COLON);
      this.#skipBlanks();
      if (isEvents && this.#here === LIST) {
        lists.push(this.#elementsWithin(start));
        continue;
      }
      const value = this.#value();
      const bytes = this.body.subarray(memberAt, this.#at);
      others.push({ bytes, survey: value.survey, isEvents, value });
      if (others.length > OTHERS_MAX) break;
    }
    const [events] = lists;
    if (events === undefined || others.length > OTHERS_MAX) {
      this.#at = start;
      const itself = this.#value();
      // Currents sends `{"events": null}` when there are none.
      return others.length === 1 && others.every(areNoEvents) ? [] : [itself];
    }
    if (lists.length > 1 || others.some(({ isEvents }) => isEvents)) {
      throw new NotSplit("events_twice");
    }
    if (!others.every(isJson)) throw new NotSplit("no_json");
    return events;
  }

  /** Yields at each element of a list or member of an object, and ends after the closing bracket. */
  *#inside(closing: number): Generator<void> {
    this.#at++;
    this.#skipBlanks();
    if (this.#here !== closing) yield;
    for (this.#skipBlanks(); this.#here !== closing; this.#skipBlanks()) {
      this.#take(COMMA);
      this.#skipBlanks();
      yield;
    }
    this.#at++;
  }

  #value(): Part {
    const start = this.#at;
    const found = survey(this.body, start);
    if (found === null) throw new NotSplit("no_json");
    const first = this.#here;
    if (first === QUOTE || first === LIST || first === OBJECT) this.#at = found.end;
    else this.#skipScalar();
    return { bytes: this.body.subarray(start, this.#at), survey: found };
  }

  #skipScalar(): void {
    const start = this.#at;
    while (this.#here !== undefined && !ENDS_SCALAR.has(this.#here)) this.#at++;
    if (this.#at === start) throw new NotSplit("no_json");
  }

  #skipBlanks(): void {
    while (this.#here !== undefined && BLANKS.has(this.#here)) this.#at++;
  }

  #take(byte: number): void {
    if (this.#here !== byte) throw new NotSplit("no_json");
    this.#at++;
  }
}

function isEventsName({ bytes }: Part): boolean {
  if (bytes[0] !== QUOTE) throw new NotSplit("no_json");
  if (bytes.length > EVENTS_NAME_BYTES_MAX) return false;
  const name = readJson(new TextDecoder().decode(bytes));
  return name.ok && name.value === "events";
}

function areNoEvents({ isEvents, value }: Member): boolean {
  return isEvents && new TextDecoder().decode(value.bytes) === "null";
}

function isJson(member: Member): boolean {
  if (!isReadable(member)) return true;
  const read = readJson(`{${new TextDecoder().decode(member.bytes)}}`);
  return read.ok || read.isJson;
}
