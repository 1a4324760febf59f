/**
 * Parses JSON without loss, or explains why it cannot be stored. JSON.parse alone keeps only the last of two members
 * with one name, rounds numbers that a double cannot represent, and accepts values that Postgres refuses.
 */
import { DEPTH_MAX, TOO_DEEP, whyNotStorable } from "./storable.ts";
import { DIGITS_EXACT_MAX, type Survey, survey } from "./survey_json.ts";

export type JsonReading =
  | { readonly ok: true; readonly value: unknown }
  /** `isJson`: the text is valid JSON but cannot be stored. */
  | { readonly ok: false; readonly isJson: boolean; readonly reason: string };

/** A number that a double cannot represent. JSON.stringify writes its original digits. */
export class ExactNumber {
  constructor(readonly digits: string) {}

  get isWhole(): boolean {
    return isWhole(this.digits);
  }

  toJSON(): unknown {
    return rawJSON(this.digits);
  }
}

/** Whether `value` is a JSON object. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) &&
    !(value instanceof ExactNumber);
}

/** Available since V8 11.4; TypeScript's types lack it. */
const { rawJSON } = JSON as JSON & { rawJSON(text: string): unknown };

/** `known`: the survey of `text`, where the caller has it. */
export function readJson(text: string, known?: Survey): JsonReading {
  let value: unknown;
  const { depth, names, hasUnusualNumber, hasUnusualEscape } = known ?? surveyText(text);
  const faults: string[] = [];
  try {
    value = hasUnusualNumber
      ? JSON.parse(text, (...[, held, context]: readonly unknown[]) => {
        if (typeof held !== "number") return held;
        const { source } = context as { readonly source: string };
        faults.push(...faultsOfNumber(held, source));
        return isExact(held, source) ? held : new ExactNumber(source);
      })
      : JSON.parse(text);
  } catch (error) {
    // Only the reviver overflows the stack, for JSON that is nested too deep.
    return error instanceof SyntaxError
      ? { ok: false, isJson: false, reason: "Must be JSON" }
      : { ok: false, isJson: true, reason: TOO_DEEP };
  }
  const mayNotBeStorable = depth > DEPTH_MAX || hasUnusualEscape || !text.isWellFormed();
  const reason = (mayNotBeStorable ? whyNotStorable(value) : null) ?? faults[0] ??
    (countHeld(value) < names ? "Object must not hold a name twice" : null);
  return reason === null ? { ok: true, value } : { ok: false, isJson: true, reason };
}

/** The number of object members in a value of limited depth. */
function countHeld(value: unknown): number {
  if (typeof value !== "object" || value === null || value instanceof ExactNumber) return 0;
  let names = 0;
  if (Array.isArray(value)) {
    for (const each of value) names += countHeld(each);
    return names;
  }
  for (const name in value) {
    names += 1 + countHeld((value as Record<string, unknown>)[name]);
  }
  return names;
}

function faultsOfNumber(value: number, source: string): readonly string[] {
  if (!Number.isFinite(value) || value === 0 && /^[^eE]*[1-9]/.test(source)) {
    return ["Number must be of a size that a double can hold"];
  }
  // It would be rounded to a whole number, which may be the id of another match.
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

const NOTHING: Survey = {
  end: 0,
  depth: 0,
  names: 0,
  hasUnusualNumber: false,
  hasUnusualEscape: false,
};

function surveyText(text: string): Survey {
  return survey(new TextEncoder().encode(text.trimStart())) ?? NOTHING;
}
