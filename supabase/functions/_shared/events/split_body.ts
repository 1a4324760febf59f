/**
 * Finds the events in a body, to the byte, without reading them: so each is read, refused and kept by itself, and
 * what no event may be (too long, too deep) is never read. JSON.parse makes half a gigabyte of 8 MB of brackets.
 *
 * Whether a part is JSON shows only when it is read. If the body is, they all are.
 */
import { readJson } from "../text/exact_json.ts";
import { DEPTH_MAX } from "../text/storable.ts";

/** Currents sends 100 at a time. To judge so many takes what a function may take for one request. */
export const EVENTS_A_BODY_MAX = 20_000;
/** Braze itself drops events over 900 KB. */
export const EVENT_BYTES_MAX = 1_000_000;
/** A list of events may have some words beside it. With more of them it is an event that has a list. */
const OTHERS_MAX = 100;
/** "events", with each of its letters escaped. */
const EVENTS_NAME_BYTES_MAX = 38;

export interface Part {
  readonly bytes: Uint8Array;
  readonly depth: number;
}

export type WhyNotSplit = "no_json" | "too_many_events" | "events_twice";

export type Split =
  | { readonly ok: true; readonly parts: readonly Part[] }
  | { readonly ok: false; readonly why: WhyNotSplit };

/** `[…]` and `{"events":[…]}` are lists of events, anything else is one itself. The parts are views into `body`. */
export function splitBody(body: Uint8Array): Split {
  try {
    return { ok: true, parts: new Scanner(body).parts() };
  } catch (error) {
    if (error instanceof NotSplit) return { ok: false, why: error.why };
    throw error;
  }
}

/** Whether it is worth reading. */
export function isReadable({ bytes, depth }: Part): boolean {
  return bytes.length <= EVENT_BYTES_MAX && depth <= DEPTH_MAX;
}

class NotSplit extends Error {
  constructor(readonly why: WhyNotSplit) {
    super(why);
  }
}

/** Of an object: the whole of it, and its value. */
interface Member extends Part {
  readonly isEvents: boolean;
  readonly value: Part;
}

const [QUOTE, COMMA, COLON, BACKSLASH] = [0x22, 0x2c, 0x3a, 0x5c] as const;
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

  /** A body that is broken is that first, however many events stand in it. */
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
      others.push({ bytes, depth: value.depth, isEvents, value });
      if (others.length > OTHERS_MAX) break;
    }
    const [events] = lists;
    if (events === undefined || others.length > OTHERS_MAX) {
      this.#at = start;
      const itself = this.#value();
      // Currents may have none to tell of.
      return others.length === 1 && others.every(areNoEvents) ? [] : [itself];
    }
    if (lists.length > 1 || others.some(({ isEvents }) => isEvents)) {
      throw new NotSplit("events_twice");
    }
    if (!others.every(isJson)) throw new NotSplit("no_json");
    return events;
  }

  /** Stops before each thing in a list or an object, and goes on behind its closing bracket. */
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
    let depth = 0;
    if (this.#here === QUOTE) this.#at = endOfText(this.body, start);
    else if (this.#here === LIST || this.#here === OBJECT) depth = this.#skipNested();
    else this.#skipScalar();
    return { bytes: this.body.subarray(start, this.#at), depth };
  }

  #skipNested(): number {
    const { body } = this;
    let at = this.#at;
    let depth = 0;
    let deepest = 0;
    do {
      const byte = body[at];
      if (byte === undefined) throw new NotSplit("no_json");
      if (byte === QUOTE) {
        at = endOfText(body, at);
        continue;
      }
      if (byte === LIST || byte === OBJECT) deepest = Math.max(deepest, ++depth);
      else if (byte === LIST_END || byte === OBJECT_END) depth--;
      at++;
    } while (depth > 0);
    this.#at = at;
    return deepest;
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

/** Where the text that begins at `start` is over; most of an event is text, so it is passed over at the speed of memory. */
function endOfText(body: Uint8Array, start: number): number {
  let at = start;
  let escapes: number;
  do {
    at = body.indexOf(QUOTE, at + 1);
    if (at === -1) throw new NotSplit("no_json");
    escapes = 0;
    while (body[at - 1 - escapes] === BACKSLASH) escapes++;
  } while (escapes % 2 === 1);
  return at + 1;
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
