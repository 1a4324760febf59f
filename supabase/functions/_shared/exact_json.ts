/**
 * Reads JSON as it is written, or says why it cannot be kept: JSON.parse alone keeps the last of two values of one
 * name, makes another number of one that a double cannot hold, and lets through what Postgres refuses.
 */

export const JSON_DEPTH_MAX = 64;
const TOO_DEEP = `JSON must not be nested deeper than ${JSON_DEPTH_MAX} levels`;
/** Any double keeps so many. */
const DIGITS_EXACT_MAX = 15;
/** Holds wherever a number is longer, or its size could be beyond a double; and in some texts, which costs time only. */
const LONG_NUMBER = /[0-9.]{16}|[0-9][eE][-+]?[0-9]{3}/;

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
  const faults: string[] = [];
  try {
    value = LONG_NUMBER.test(text)
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
  const names = surveyed(value, faults, 0);
  if (names < countNames(text)) faults.push("Object must not hold a name twice");
  const [reason] = faults;
  return reason === undefined ? { ok: true, value } : { ok: false, isJson: true, reason };
}

/** How many names there are in a value; adds what cannot be kept of it to `faults`. */
function surveyed(value: unknown, faults: string[], depth: number): number {
  if (typeof value === "string") faults.push(...faultsOfText(value));
  if (typeof value !== "object" || value === null || value instanceof ExactNumber) return 0;
  if (depth >= JSON_DEPTH_MAX) {
    faults.push(TOO_DEEP);
    return 0;
  }
  let names = 0;
  for (const [name, held] of Object.entries(value)) {
    if (!Array.isArray(value)) {
      faults.push(...faultsOfText(name));
      names++;
    }
    names += surveyed(held, faults, depth + 1);
  }
  return names;
}

function faultsOfText(text: string): readonly string[] {
  if (text.includes("\u0000")) return ["Text must not hold NUL"];
  return text.isWellFormed() ? [] : ["Text must not hold a lone surrogate"];
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

/** How many names stand in what is known to be JSON: outside of its texts, there is a colon for each. */
function countNames(json: string): number {
  return json.replaceAll(/"(?:[^"\\]+|\\.)*"/g, "").split(":").length - 1;
}
