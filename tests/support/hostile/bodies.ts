/** Request bodies for the webhook: valid and corrupted events together, compressed and damaged in transit. */
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { goodPlan, make, type Origin, type Plan, type Specimen, spoiledPlan } from "./events.ts";
import { noJson } from "./values.ts";

export interface BodyPlan {
  readonly events: readonly Plan[];
  readonly wrap: "list" | "events" | "alone";
  readonly gap: string;
  readonly prefix: string;
  readonly isPacked: boolean;
  /** A byte that is replaced by another one. */
  readonly damage: { readonly at: number; readonly byte: number } | null;
  /** Random bytes instead of a body. */
  readonly nonsense: Uint8Array | null;
  readonly contentType: string;
}

export interface Part {
  readonly specimen: Specimen;
  /** Its bytes in the body, including damage. */
  readonly bytes: Uint8Array;
  readonly isWhole: boolean;
}

export interface Body {
  readonly parts: readonly Part[];
  /** Its decompressed content. */
  readonly bytes: Uint8Array;
  readonly sent: Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
  /** Whether it is still a list with its original number of parts. */
  readonly isList: boolean;
}

const contentType = fc.constantFrom(
  "application/json",
  "application/json",
  "application/json; charset=utf-16",
  "text/plain",
  "application/x-www-form-urlencoded",
  "multipart/form-data; boundary=x",
  "image/png",
  "x".repeat(2_000),
);

export const bodyPlan: fc.Arbitrary<BodyPlan> = fc.record({
  events: fc.array(
    fc.oneof({ weight: 2, arbitrary: goodPlan }, { weight: 3, arbitrary: spoiledPlan }),
    { minLength: 1, maxLength: 12 },
  ),
  wrap: fc.constantFrom("list", "events", "events", "alone"),
  gap: fc.constantFrom("", "", " ", "\r\n\t"),
  prefix: fc.constantFrom("", "", "", "\ufeff", "\n"),
  isPacked: seldom(9, fc.constant(true)).map((isPacked) => isPacked === true),
  damage: seldom(7, fc.record({ at: fc.nat(), byte: fc.nat({ max: 255 }).filter(isNoDigit) })),
  nonsense: seldom(9, noJson),
  contentType,
});

/** A replaced digit could turn the id of an event into the id of another event, which then counts as a repetition. */
function isNoDigit(byte: number): boolean {
  return byte < 0x30 || byte > 0x39;
}

/** Once in `times` + 1 draws. */
function seldom<T>(times: number, what: fc.Arbitrary<T>): fc.Arbitrary<T | null> {
  return fc.oneof(
    { weight: times, arbitrary: fc.constant(null) },
    { weight: 1, arbitrary: what },
  );
}

/** `mark(index)` is the mark of each event. */
export function makeBody(
  plan: BodyPlan,
  mark: (index: number) => string,
  origin: Origin,
  time: Date,
): Body {
  const events = plan.nonsense !== null ? [] : plan.events;
  const specimens = (plan.wrap === "alone" ? events.slice(0, 1) : events)
    .map((event, index) => make(event, mark(index), origin, time));
  const [before, after] = WRAPS[plan.wrap];
  const pieces = [plan.prefix + before + plan.gap];
  specimens.forEach(({ text }, index) => {
    pieces.push(index === 0 ? "" : `${plan.gap},${plan.gap}`, text);
  });
  const intact = plan.nonsense ??
    new TextEncoder().encode([...pieces, plan.gap + after].join(""));
  const bytes = damaged(intact, plan.damage);
  let at = new TextEncoder().encode(pieces[0]).length;
  const parts = specimens.map((specimen, index) => {
    const text = new TextEncoder().encode(specimen.text);
    if (index > 0) at += 2 * plan.gap.length + 1;
    const slice = bytes.slice(at, at += text.length);
    return { specimen, bytes: slice, isWhole: slice.every((byte, place) => byte === text[place]) };
  });
  return {
    parts,
    bytes,
    sent: plan.isPacked ? new Uint8Array(gzipSync(bytes)) : bytes,
    headers: {
      "content-type": plan.contentType,
      ...(plan.isPacked ? { "content-encoding": "gzip" } : {}),
    },
    isList: plan.nonsense === null && partCount(bytes, plan.wrap) === parts.length,
  };
}

const WRAPS = { list: ["[", "]"], events: ['{"events":[', "]}"], alone: ["", ""] } as const;

/** Never inside a mark, since the test finds the event by its mark. */
function damaged(intact: Uint8Array, damage: BodyPlan["damage"]): Uint8Array {
  if (damage === null) return intact;
  const at = damage.at % intact.length;
  const around = new TextDecoder("latin1").decode(intact.slice(Math.max(0, at - 60), at + 60));
  return around.includes('"mark"') ? intact : intact.with(at, damage.byte);
}

/** The number of parts of the body read as JSON, including bad characters; -1 if it is not JSON. */
function partCount(bytes: Uint8Array, wrap: BodyPlan["wrap"]): number {
  try {
    const value = JSON.parse(new TextDecoder().decode(bytes));
    if (wrap === "alone") return Array.isArray(value) || Array.isArray(value?.events) ? -1 : 1;
    const list = wrap === "list" ? value : value.events;
    return Array.isArray(list) ? list.length : -1;
  } catch {
    return -1;
  }
}
