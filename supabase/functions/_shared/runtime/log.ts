/**
 * Writes one JSON object per line, so that Supabase's log explorer can filter on any field.
 *
 * Secrets are never written: known secrets are redacted in every text, and a field with a name like a secret is always
 * redacted.
 */

/** Supabase refuses longer lines. */
const LINE_CHARACTERS_MAX = 10_000;
/** Excerpt of a line that is too long; escaping inside JSON at most doubles it. */
const EXCERPT_CHARACTERS_MAX = 4_500;
const NAME_CHARACTERS_MAX = 200;
/** Shorter secrets would match parts of ordinary words. */
const SECRET_CHARACTERS_MIN = 8;
const REDACTED = "[redacted]";
const SECRET_NAME = /token|secret|password|authorization|api[_-]?key|cookie|credential/i;
const RESERVED = new Set(["level", "function", "event", "run_id"]);

export interface Log {
  info(event: string, fields?: object): void;
  warn(event: string, fields?: object): void;
  error(event: string, fields?: object): void;
  /** The same log, with `run_id` on every line. */
  forRun(runId: string): Log;
}

export interface LogOptions {
  readonly functionName: string;
  readonly write: (line: string) => void;
  readonly secrets: readonly string[];
  readonly runId?: string;
}

export function createLog(options: LogOptions): Log {
  return logOf(options, createRedaction(options.secrets));
}

function logOf(options: LogOptions, redact: (text: string) => string): Log {
  const { functionName, write, runId } = options;

  const line = (level: string, event: string, fields: object = {}) => {
    const head = {
      level,
      function: functionName,
      event: redact(event).slice(0, NAME_CHARACTERS_MAX),
      ...(runId === undefined ? {} : { run_id: runId.slice(0, NAME_CHARACTERS_MAX) }),
    };
    const own = Object.fromEntries(
      Object.entries(clean(fields, redact)).filter(([name]) => !RESERVED.has(name)),
    );
    const whole = JSON.stringify({ ...head, ...own });
    if (whole.length <= LINE_CHARACTERS_MAX) return write(whole);
    const excerpt = JSON.stringify(own).slice(0, EXCERPT_CHARACTERS_MAX);
    write(JSON.stringify({ ...head, truncated_from_characters: whole.length, excerpt }));
  };

  return {
    info: (event, fields) => line("info", event, fields),
    warn: (event, fields) => line("warn", event, fields),
    error: (event, fields) => line("error", event, fields),
    forRun: (runId) => logOf({ ...options, runId }, redact),
  };
}

/** Returns a function that replaces every known secret in a text. */
export function createRedaction(secrets: readonly string[]): (text: string) => string {
  // Longest first, or a secret that starts with another one would be redacted only in part.
  const known = [...new Set(secrets)]
    .filter((secret) => secret.length >= SECRET_CHARACTERS_MIN)
    .sort((a, b) => b.length - a.length);
  if (known.length === 0) return (text) => text;
  const pattern = new RegExp(known.map(escaped).join("|"), "g");
  return (text) => text.replace(pattern, REDACTED);
}

function escaped(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|\/-]/g, "\\$&");
}

function clean(fields: object, redact: (text: string) => string): object {
  try {
    const text = JSON.stringify(fields, (name, value: unknown) => {
      if (SECRET_NAME.test(name)) return REDACTED;
      if (typeof value === "string") return redact(value);
      if (typeof value === "bigint") return value.toString();
      if (value instanceof Error) return redact(describe(value));
      if (isPlainObject(value)) return redactNames(value, redact);
      return value;
    });
    return JSON.parse(text);
  } catch (error) {
    // A failed log line must not fail the run.
    return { unwritable_fields: redact(describe(error)).slice(0, NAME_CHARACTERS_MAX) };
  }
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A field name can contain a secret too. */
function redactNames(value: Record<string, unknown>, redact: (text: string) => string) {
  const names = Object.keys(value);
  if (names.every((name) => redact(name) === name)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, held]) => [redact(name), held]));
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? "" : `, caused by ${describe(error.cause)}`;
  return `${error.name}: ${error.message}${cause}`;
}
