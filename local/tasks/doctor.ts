/** `deno task doctor`: reports what is wrong with a project and how to fix it. */
import { StackFailure } from "../lib/failure.ts";
import { MIGRATIONS } from "../stack/project.ts";
import { parseArguments } from "../cli/arguments.ts";
import { runTask, type Writers } from "../cli/run_task.ts";
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

Ends with 0 when nothing is wrong (look at what is unknown), 1 when something is, 2 when it could not begin or the arguments are wrong.
`;

async function doctor(
  values: ReturnType<typeof readArguments>,
  { out }: Writers,
): Promise<number> {
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

function readArguments(args: readonly string[]) {
  return parseArguments({
    args: [...args],
    options: { ...TARGET_OPTIONS, json: { type: "boolean" } },
  }).values;
}

await runTask({ help: HELP, read: readArguments, run: doctor, failureCode: 2 });
