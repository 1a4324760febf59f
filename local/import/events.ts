/**
 * Reads the events of each line, and states their kind where only the file does.
 *
 * An event is posted as it stands in the file, to the byte, unless its kind is put in or its unions are unwrapped.
 */
import {
  EVENTS_A_BODY_MAX,
  splitBody,
} from "../../supabase/functions/_shared/events/split_body.ts";
import {
  ExactNumber,
  isRecord,
  readJson,
} from "../../supabase/functions/_shared/text/exact_json.ts";
import { StackFailure } from "../lib/failure.ts";
import type { EventKind } from "./event_kind.ts";
import type { Line } from "./lines.ts";

export interface ReadLine {
  /** As JSON. Null: the line cannot be divided into events, so it is posted alone and becomes a reject. */
  readonly events: readonly string[] | null;
  readonly bytes: Uint8Array;
  /** The position of the next line. */
  readonly next: number;
}

export interface EventFile {
  readonly path: string;
  readonly kind: EventKind | null;
}

/**
 * Ends before a last line that is still being written, and calls `onOpenLine`. Throws if an event states no kind and
 * the file does not either, or if the two contradict each other.
 */
export async function* readEvents(
  lines: AsyncIterable<Line>,
  file: EventFile,
  onOpenLine: () => void,
): AsyncGenerator<ReadLine> {
  for await (const line of lines) {
    const events = eventsOf(line, file);
    if (events === null && line.isOpen) return onOpenLine();
    yield { events, bytes: line.bytes, next: line.next };
  }
}

function eventsOf(line: Line, file: EventFile): readonly string[] | null {
  let text: string;
  let value: unknown;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(line.bytes).trim();
    if (text === "") return [];
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (!isRecord(value) || !("events" in value)) return [withKind(text, value, line, file)];
  // A whole request, as Currents posts it.
  const split = splitBody(new TextEncoder().encode(text));
  if (split.ok) {
    return split.parts.map(({ bytes }) => {
      const event = new TextDecoder().decode(bytes);
      return withKind(event, JSON.parse(event), line, file);
    });
  }
  if (split.why !== "too_many_events") return null;
  throw new StackFailure(
    `Cannot import ${file.path}: a line must hold at most ${EVENTS_A_BODY_MAX} events, got more in line ${line.number}`,
  );
}

function withKind(text: string, value: unknown, line: Line, { path, kind }: EventFile): string {
  if (!isRecord(value)) return text;
  const hasUnions = Object.values(value).some(isWrapped);
  const stated = unwrapped(value.event_type);
  if (isStated(stated)) {
    if (kind !== null && stated !== kind.eventType) {
      throw new StackFailure(
        `Cannot import ${path}: every event must be of the kind that ${kind.statedBy} states, ${kind.eventType}, ` +
          `got ${JSON.stringify(stated).slice(0, 100)} in line ${line.number}`,
      );
    }
    return hasUnions ? rewritten(text, {}) : text;
  }
  // A flat body with the time of a send is a send.
  if (isStated(unwrapped(value.sent_at))) return hasUnions ? rewritten(text, {}) : text;
  if (kind === null) {
    throw new StackFailure(
      `Cannot import ${path}: every event must state its kind, got none in line ${line.number}; ` +
        "keep the export's folder event_type=… in the path, or state the kind with --event-type",
    );
  }
  if (hasUnions || "event_type" in value) return rewritten(text, { event_type: kind.eventType });
  const rest = text.slice(1).trimStart();
  const member = `"event_type":${JSON.stringify(kind.eventType)}`;
  return `{${member}${rest === "}" ? "" : ","}${rest}`;
}

function isStated(value: unknown): boolean {
  return value !== undefined && value !== null && value !== "";
}

/** Text that cannot be stored stays as it is: the receiver rejects it and says why. */
function rewritten(text: string, more: Readonly<Record<string, string>>): string {
  const read = readJson(text);
  if (!read.ok || !isRecord(read.value)) return text;
  const members = Object.entries(read.value).map(([name, value]) => [name, unwrapped(value)]);
  return JSON.stringify({ ...Object.fromEntries(members), ...more });
}

/** A value of a union as some tools write Avro as JSON: `{"string": "x"}` for "x". */
const BRANCHES: Readonly<Record<string, (value: unknown) => boolean>> = {
  string: isText,
  bytes: isText,
  boolean: (value) => typeof value === "boolean",
  int: isNumber,
  long: isNumber,
  float: isNumber,
  double: isNumber,
  array: Array.isArray,
};

function unwrapped(value: unknown): unknown {
  if (!isWrapped(value)) return value;
  const [inner] = Object.values(value);
  return Array.isArray(inner) ? inner.map(unwrapped) : inner;
}

function isWrapped(value: unknown): value is Record<string, unknown> {
  if (!isRecord(value)) return false;
  const [name = "", ...others] = Object.keys(value);
  return others.length === 0 && Object.hasOwn(BRANCHES, name) && BRANCHES[name]!(value[name]);
}

function isText(value: unknown): boolean {
  return typeof value === "string";
}

function isNumber(value: unknown): boolean {
  return typeof value === "number" || value instanceof ExactNumber;
}
