/** `deno task doctor`: says what is wrong with a project, and how to mend it. */
import { parseArgs } from "node:util";
import { StackFailure } from "../lib/failure.ts";
import { MIGRATIONS } from "../stack/project.ts";
import { createWriter } from "../cli/writer.ts";
import { findTarget, TARGET_HELP, TARGET_OPTIONS } from "../cli/target.ts";
import { runChecks } from "../doctor/checks.ts";
import { asJson, describe, tally } from "../doctor/report.ts";

const HELP =
  `Says what is wrong with a project, and how to mend it. Sends no push and changes nothing.

  npx -y deno@2.9.6 task doctor [options]

${TARGET_HELP}
  --json               one line for scripts: counts, and {check, result, says, mend} of each check
  --help               this text

It wants the functions' own variables, since it compares them with what the functions have, and if you like DATABASE_URL,
the database as its owner: what only that can tell is "unknown" without it, and so is what cannot be tried without an
effect. Secrets are never printed.

Ends with 0 when nothing is wrong (look at what is unknown), 1 when something is, 2 when it could not begin.
`;

const out = createWriter(Deno.stdout);
const err = createWriter(Deno.stderr);

async function main(): Promise<number> {
  const values = readArguments();
  if (values.help) {
    out.line(HELP.trimEnd());
    return 0;
  }
  const target = await findTarget(values);
  const databaseUrl = target.env("DATABASE_URL")?.trim() || null;
  if (databaseUrl !== null && !URL.canParse(databaseUrl)) {
    throw new StackFailure("Cannot begin: DATABASE_URL must be an address, got something else");
  }
  const findings = await runChecks({
    env: target.env,
    databaseUrl,
    fetch: globalThis.fetch,
    now: () => new Date(),
    suiteNow: target.suiteNow,
    cronSince: target.cronSince,
    migrations: MIGRATIONS,
  });
  out.line(values.json ? asJson(findings) : describe(findings));
  return tally(findings).wrong === 0 ? 0 : 1;
}

function readArguments() {
  try {
    return parseArgs({
      args: Deno.args,
      options: {
        ...TARGET_OPTIONS,
        help: { type: "boolean", short: "h" },
        json: { type: "boolean" },
      },
    }).values;
  } catch (error) {
    throw new StackFailure(
      `Cannot read the arguments: ${error instanceof Error ? error.message : error} (see --help)`,
    );
  }
}

try {
  Deno.exit(await main());
} catch (error) {
  if (!(error instanceof StackFailure)) throw error;
  err.line(error.message);
  Deno.exit(2);
}
