/**
 * Reads JSON as it is written, or says why it cannot be kept: JSON.parse alone keeps the last of two values of one
 * name, makes another number of one that a double cannot hold, and lets through what Postgres refuses.
 */
import { TOO_DEEP, whyNotStorable } from "./storable.ts";

const [QUOTE, BACKSLASH, COLON, MINUS, ZERO, NINE] = [0x22, 0x5c, 0x3a, 0x2d, 0x30, 0x39] as const;
/** Any double keeps so many. */
const DIGITS_EXACT_MAX = 15;
/** What a number that is longer, or whose size could be beyond a double, has in it. */
const LONG_NUMBER = /[0-9.]{16}|[eE]/;
/** What a number is made of. */
const NUMBER = /[-+.0-9eE]+/y;

export type JsonReading =
  | { readonly ok: true; readonly value: unknown }
  /** `isJson`: it is JSON all the same. */
  | { readonly ok: false; readonly isJson: boolean; readonly reason: string };

/** A number that a double cannot hold. Written as JSON it is again what it was. */
export class ExactNumber {
  constructor(readonly digits: string) {}

  get isWhole(): boolean {
    return isWhole(this.digits);
  }

  toJSON(): unknown {
    return rawJSON(this.digits);
  }
}

/** Whether it came as an object in braces. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) &&
    !(value instanceof ExactNumber);
}

/** V8 has it since 11.4; TypeScript does not know it yet. */
const { rawJSON } = JSON as JSON & { rawJSON(text: string): unknown };

export function readJson(text: string): JsonReading {
  let value: unknown;
  const { names, hasLongNumber } = survey(text);
  const faults: string[] = [];
  try {
    value = hasLongNumber
      ? JSON.parse(text, (...[, held, context]: readonly unknown[]) => {
        if (typeof held !== "number") return held;
        const { source } = context as { readonly source: string };
        faults.push(...faultsOfNumber(held, source));
        return isExact(held, source) ? held : new ExactNumber(source);
      })
      : JSON.parse(text);
  } catch (error) {
    // Only the reader that looks at each number ever runs out of stack.
    return error instanceof SyntaxError
      ? { ok: false, isJson: false, reason: "Must be JSON" }
      : { ok: false, isJson: true, reason: TOO_DEEP };
  }
  const reason = whyNotStorable(value) ?? faults[0] ??
    (countHeld(value) < names ? "Object must not hold a name twice" : null);
  return reason === null ? { ok: true, value } : { ok: false, isJson: true, reason };
}

/** How many names there are in a value that is not nested deep. */
function countHeld(value: unknown): number {
  if (typeof value !== "object" || value === null || value instanceof ExactNumber) return 0;
  const held = Object.values(value);
  const names = Array.isArray(value) ? 0 : held.length;
  return held.reduce((sum: number, each) => sum + countHeld(each), names);
}

function faultsOfNumber(value: number, source: string): readonly string[] {
  if (!Number.isFinite(value) || value === 0 && /^[^eE]*[1-9]/.test(source)) {
    return ["Number must be of a size that a double can hold"];
  }
  // It would be read as the whole number beside it, which may be the id of another match.
  const isRounded = Number.isInteger(value) && !isWhole(source) && !isExact(value, source);
  return isRounded && Math.abs(value) <= Number.MAX_SAFE_INTEGER + 1
    ? ["Number must not be a fraction that a double rounds to a whole number"]
    : [];
}

function isExact(value: number, source: string): boolean {
  if (isWhole(source)) return Number.isSafeInteger(value);
  const [digits = ""] = source.split(/e/i);
  const significant = digits.replaceAll(/[-.]/g, "").replaceAll(/^0+|0+$/g, "");
  return significant.length <= DIGITS_EXACT_MAX || String(value) === source;
}

function isWhole(source: string): boolean {
  return /^-?[0-9]+$/.test(source);
}

interface Survey {
  /** Of what is JSON, how many names stand in it: outside of its texts there is a colon for each. */
  readonly names: number;
  readonly hasLongNumber: boolean;
}

/** Looks at what stands outside of texts, most of which is read no closer. */
function survey(json: string): Survey {
  let names = 0;
  let hasLongNumber = false;
  for (let at = 0; at < json.length; at++) {
    const code = json.charCodeAt(at);
    if (code === QUOTE) at = endOfText(json, at);
    else if (code === COLON) names++;
    else if (code === MINUS || code >= ZERO && code <= NINE) {
      NUMBER.lastIndex = at;
      const [number = ""] = NUMBER.exec(json) ?? [];
      hasLongNumber ||= LONG_NUMBER.test(number);
      at += number.length - 1;
    }
  }
  return { names, hasLongNumber };
}

/** Where the quotation mark stands that ends the text that begins at `start`; behind everything if there is none. */
function endOfText(json: string, start: number): number {
  let at = start;
  let escapes: number;
  do {
    at = json.indexOf('"', at + 1);
    if (at === -1) return json.length;
    escapes = 0;
    while (json.charCodeAt(at - 1 - escapes) === BACKSLASH) escapes++;
  } while (escapes % 2 === 1);
  return at;
}
