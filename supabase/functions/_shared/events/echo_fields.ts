/** What an event echoes of our trigger properties, as text, valid or not. */
import type { Evidence } from "../attribution/evidence.ts";
import { ExactNumber, isRecord, readJson } from "../text/exact_json.ts";
import { mergeFields } from "./merge_fields.ts";
import { ID_CHARACTERS_MAX } from "./fields.ts";

export type EchoFields = Pick<
  Evidence,
  | "echoedLedgerId"
  | "echoedMatchId"
  | "echoedGeneration"
  | "echoedAttemptId"
  | "hasForeignExtras"
>;

export type ReadEchoFields =
  | { readonly ok: true; readonly echo: EchoFields }
  | { readonly ok: false; readonly reason: string };

const KEYS = ["ledger_id", "match_id", "generation", "attempt_id"] as const;

/**
 * Reads the echo from the objects that may hold it. Blank values are ignored, but when all present keys are blank, the
 * match id is: a template renders our keys as blanks for a send that has no such properties, so it is not ours.
 * `extras`: the one of the objects that holds nothing else.
 */
export function readEchoFields(
  objects: readonly Readonly<Record<string, unknown>>[],
  extras: Readonly<Record<string, unknown>> | null,
): ReadEchoFields {
  const merged = mergeFields(objects, KEYS.map((key) => [key] as const));
  if (!merged.ok) return merged;
  const [ledgerId, matchId, generation, attemptId] = KEYS.map((key) => textOf(merged.fields[key]));
  const isEmpty = [ledgerId, matchId, generation, attemptId].every((value) => value == null);
  const isBlank = isEmpty && objects.some((object) => KEYS.some((key) => object[key] === ""));
  return {
    ok: true,
    echo: {
      echoedLedgerId: ledgerId ?? null,
      echoedMatchId: isBlank ? "" : matchId ?? null,
      echoedGeneration: generation ?? null,
      echoedAttemptId: attemptId ?? null,
      hasForeignExtras: isEmpty && !isBlank && extras !== null && Object.keys(extras).length > 0,
    },
  };
}

/** `message_extras` of Currents: a JSON object of strings, as text, which Braze cuts off after 1,000 bytes. */
export function readMessageExtras(extras: unknown): ReadEchoFields {
  if (extras === undefined || extras === null || extras === "") return readEchoFields([], null);
  const value = typeof extras === "string" ? parsed(extras) : extras;
  // What is no object holds none of our keys.
  return isRecord(value) ? readEchoFields([value], value) : readEchoFields([], { extras });
}

function parsed(extras: string): unknown {
  const read = readJson(extras);
  return read.ok ? read.value : null;
}

function textOf(value: unknown): string | null {
  if (value === undefined || value === null) return null;
  if (typeof value === "string") return cut(value);
  return value instanceof ExactNumber ? cut(value.digits) : cut(JSON.stringify(value));
}

/** A longer value is no id, and stays none. */
function cut(text: string): string {
  return text.slice(0, ID_CHARACTERS_MAX).toWellFormed();
}
