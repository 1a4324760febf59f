/**
 * One JSON object a line: Supabase's log explorer can then filter on any field.
 *
 * Nothing secret leaves through here, however it got into a field: known secrets are cut out of every
 * text, and a field that is named like a secret is never written at all.
 */

/** Supabase refuses longer lines. */
const LINE_CHARACTERS_MAX = 10_000;
/** Of a line that is too long; writing it as text inside JSON can at worst double it. */
const EXCERPT_CHARACTERS_MAX = 4_500;
const NAME_CHARACTERS_MAX = 200;
/** Shorter ones would cut pieces out of ordinary words. */
const SECRET_CHARACTERS_MIN = 8;
const REDACTED = "[redacted]";
const SECRET_NAME = /token|secret|password|authorization|api[_-]?key|cookie|credential/i;
const RESERVED = new Set(["level", "function", "event", "run_id"]);

export interface Log {
  info(event: string, fields?: object): void;
  warn(event: string, fields?: object): void;
  error(event: string, fields?: object): void;
  /** The same log, with every line naming the run. */
  forRun(runId: string): Log;
}

export interface LogOptions {
  readonly functionName: string;
  readonly write: (line: string) => void;
  readonly secrets: readonly string[];
  readonly runId?: string;
}

export function createLog(options: LogOptions): Log {
  const { functionName, write, runId } = options;
  const redact = createRedaction(options.secrets);

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
    forRun: (runId) => createLog({ ...options, runId }),
  };
}

/** Cuts every known secret out of a text. */
export function createRedaction(secrets: readonly string[]): (text: string) => string {
  // The longest first, or a secret that begins like another would leave its end standing.
  const known = [...new Set(secrets)]
    .filter((secret) => secret.length >= SECRET_CHARACTERS_MIN)
    .sort((a, b) => b.length - a.length);
  return (text) => known.reduce((rest, secret) => rest.replaceAll(secret, REDACTED), text);
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
    // A log line must never be what breaks a run.
    return { unwritable_fields: redact(describe(error)).slice(0, NAME_CHARACTERS_MAX) };
  }
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A name can hold a secret too, as in a record keyed by it. */
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
