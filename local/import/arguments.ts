/** Parses and validates the arguments of `deno task import-events`. */
import { parseArguments } from "../cli/arguments.ts";
import { StackFailure, UsageFailure } from "../lib/failure.ts";

export const HELP =
  `Imports exported Currents events: JSON lines, one event on each line, plain or gzip.

  npx -y deno@2.9.6 task import-events FILE [options]

  --functions-url URL  the address before /braze-webhook (or IMPORT_FUNCTIONS_URL)
  --help               this text

IMPORT_WEBHOOK_SECRET must hold one of the project's BRAZE_WEBHOOK_SECRETS.

FILE.progress keeps the position: after an interruption, a second start continues from there.
Ends with 0 if every event is stored, 3 if some are kept as rejects, 1 if it had to stop, 2 for wrong arguments.
`;

const LOCAL_HOSTS = ["localhost", "127.0.0.1", "[::1]", "host.docker.internal"];

export interface ImportArguments {
  readonly file: string;
  readonly functionsUrl: string;
  readonly secret: string;
}

export function readArguments(
  args: readonly string[],
  env: (name: string) => string | undefined,
): ImportArguments {
  const { values, positionals } = parseArguments({
    args: [...args],
    allowPositionals: true,
    options: { "functions-url": { type: "string" } },
  });
  const [file, ...more] = positionals;
  if (file === undefined || more.length > 0) {
    throw new UsageFailure(
      `Cannot import: the arguments must name one file, got ${positionals.length} (see --help)`,
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
  return { file, functionsUrl: readUrl(url), secret };
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
