/** Surveys JSON as bytes, without parsing it. Of invalid JSON the survey means nothing; JSON.parse refuses it. */

/** One JSON value. */
export interface Survey {
  /** The index after it. */
  readonly end: number;
  /** The levels of nesting: 0 for a scalar. */
  readonly depth: number;
  /** The number of members of all its objects. */
  readonly names: number;
  /** Whether JSON.stringify would write a number in another way, or a double may not hold it. */
  readonly hasUnusualNumber: boolean;
  /** Whether JSON.stringify would write a text in another way. Without it no text has NUL or a lone surrogate. */
  readonly hasUnusualEscape: boolean;
}

const [QUOTE, COLON, BACKSLASH] = [0x22, 0x3a, 0x5c] as const;
const [LIST, LIST_END, OBJECT, OBJECT_END] = [0x5b, 0x5d, 0x7b, 0x7d] as const;
const [PLUS, MINUS, POINT, ZERO, NINE, SMALL_E, LARGE_E] = [
  0x2b,
  0x2d,
  0x2e,
  0x30,
  0x39,
  0x65,
  0x45,
] as const;
const USUAL_ESCAPES = new Set(new TextEncoder().encode('"\\bfnrt'));
/** A double represents any decimal number of this many digits exactly. */
export const DIGITS_EXACT_MAX = 15;

/** Surveys the value that begins at `start`; null when it does not end. */
export function survey(bytes: Uint8Array, start = 0): Survey | null {
  let [at, depth, deepest, names] = [start, 0, 0, 0];
  let hasUnusualNumber = false;
  let hasUnusualEscape = false;
  do {
    const byte = bytes[at++];
    if (byte === undefined) return null;
    if (byte === QUOTE) {
      for (let inner = bytes[at++]; inner !== QUOTE; inner = bytes[at++]) {
        if (inner === undefined) return null;
        if (inner === BACKSLASH && !USUAL_ESCAPES.has(bytes[at++]!)) hasUnusualEscape = true;
      }
    } else if (byte === COLON) names++;
    else if (byte === OBJECT || byte === LIST) {
      depth++;
      if (depth > deepest) deepest = depth;
    } else if (byte === OBJECT_END || byte === LIST_END) depth--;
    else if (byte === MINUS || byte >= ZERO && byte <= NINE) {
      const numberAt = at - 1;
      let [hasPoint, hasExponent] = [false, false];
      let digit = bytes[at];
      for (; digit !== undefined && isOfNumber(digit); digit = bytes[++at]) {
        if (digit === POINT) hasPoint = true;
        else if (digit === SMALL_E || digit === LARGE_E) hasExponent = true;
      }
      hasUnusualNumber ||= hasExponent || at - numberAt > DIGITS_EXACT_MAX ||
        byte === MINUS && bytes[at - 1] === ZERO || hasPoint && bytes[at - 1] === ZERO;
    }
  } while (depth > 0);
  return { end: at, depth: deepest, names, hasUnusualNumber, hasUnusualEscape };
}

function isOfNumber(byte: number): boolean {
  return byte >= ZERO && byte <= NINE || byte === POINT || byte === SMALL_E || byte === LARGE_E ||
    byte === PLUS || byte === MINUS;
}
