/** Parses and validates the arguments of `deno task import-events`. */
import { isPrintable } from "../../supabase/functions/_shared/runtime/config.ts";
import { helpOf, readFlags } from "../cli/flags.ts";
import { StackFailure, UsageFailure } from "../lib/failure.ts";
import { isMessageKind } from "./event_kind.ts";

const FLAGS = {
  "event-type": {
    value: "KIND",
    text: "the kind of the events, as in users.messages.pushnotification.Send",
  },
  "functions-url": {
    value: "URL",
    text: "the address before /braze-webhook (or IMPORT_FUNCTIONS_URL)",
  },
} as const;

export const HELP = helpOf({
  task: "import-events",
  what:
    "Imports exported events of Currents: the Avro files that Braze writes to storage, or JSON lines, plain or gzip.",
  takes: "PATH",
  flags: FLAGS,
  notes: `IMPORT_WEBHOOK_SECRET must hold one of the project's BRAZE_WEBHOOK_SECRETS.

PATH is a file, or a folder with all files below it, in the order of their paths. In exports to storage only the
folder event_type=… states the kind of the events: keep it in the path, or state the kind with --event-type. A file is
refused before anything is sent if its events state no kind and neither is there, or if the kinds contradict each other.

FILE.progress keeps the position in each file: after an interruption, a second start continues from there. A last line
without an end that is not complete JSON is left for the next start.`,
  ends: {
    good: "if every event is stored",
    needsPerson:
      "if some are kept as rejects, or a last line is not complete yet (the last lines say which)",
  },
});

const LOCAL_HOSTS = ["localhost", "127.0.0.1", "[::1]", "host.docker.internal"];

export interface ImportArguments {
  /** A file or a folder. */
  readonly path: string;
  readonly eventType: string | null;
  readonly functionsUrl: string;
  readonly secret: string;
}

export function readArguments(
  args: readonly string[],
  env: (name: string) => string | undefined,
): ImportArguments {
  const { values, positionals } = readFlags(FLAGS, args, true);
  const [path, ...more] = positionals;
  if (path === undefined || more.length > 0) {
    throw new UsageFailure(
      `Cannot import: the arguments must name one file or folder, got ${positionals.length} (see --help)`,
    );
  }
  const eventType = values["event-type"] ?? null;
  if (eventType !== null && !isMessageKind(eventType)) {
    throw new UsageFailure(
      `Cannot import: --event-type must be users.messages.<channel>.<Event>, got "${eventType}"`,
    );
  }
  const url = values["functions-url"] ?? env("IMPORT_FUNCTIONS_URL");
  if (url === undefined) {
    throw new StackFailure(
      "Cannot import: IMPORT_FUNCTIONS_URL or --functions-url must be set, as in https://<ref>.supabase.co/functions/v1",
    );
  }
  const secret = env("IMPORT_WEBHOOK_SECRET")?.trim();
  if (!secret) {
    throw new StackFailure(
      "Cannot import: IMPORT_WEBHOOK_SECRET must be set to one of the project's BRAZE_WEBHOOK_SECRETS",
    );
  }
  if (!isPrintable(secret)) {
    throw new StackFailure(
      "Cannot import: IMPORT_WEBHOOK_SECRET must hold no spaces or line breaks inside, got one that does",
    );
  }
  return { path, eventType, functionsUrl: readUrl(url), secret };
}

/** Requires https, since every request carries the secret. */
function readUrl(text: string): string {
  const url = URL.parse(text);
  const isSafe = url?.protocol === "https:" ||
    (url?.protocol === "http:" && LOCAL_HOSTS.includes(url.hostname));
  if (url === null || !isSafe) {
    throw new StackFailure(
      `Cannot import: the functions' URL must begin with https:// (http:// only for this machine), got "${text}"`,
    );
  }
  return url.href.replace(/\/+$/, "");
}
