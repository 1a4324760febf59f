/** `deno task doctor`: checks a project and says how to correct what is wrong. */
import { StackFailure } from "../lib/failure.ts";
import { MIGRATIONS } from "../stack/project.ts";
import { parseArguments } from "../cli/arguments.ts";
import { runTask, type Writers } from "../cli/run_task.ts";
import { findTarget, TARGET_HELP, TARGET_OPTIONS } from "../cli/target.ts";
import { runChecks } from "../doctor/checks.ts";
import { asJson, describe, tally } from "../doctor/report.ts";

const HELP =
  `Checks a project and says how to correct what is wrong. Sends no push and changes nothing.

  npx -y deno@2.9.6 task doctor [options]

${TARGET_HELP}
  --send-test-alert    sends one message to the chat of each audience; without it the doctor sends none
  --json               one line of JSON: counts, and {check, result, says, mend} of each check
  --help               this text

It needs the functions' own variables, since it compares them with those of the deployed functions. DATABASE_URL, the
database as its owner, is optional: without it, some checks are "unknown". Permissions that cannot be tried without an
effect are "unknown" until the journal shows a call. Secrets are never printed.

Ends with 0 if nothing is wrong (see what is unknown), 1 if something is wrong, 2 if it could not begin or the arguments are wrong.
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
    sendsTestAlert: values["send-test-alert"] ?? false,
  });
  out.line(values.json ? asJson(findings) : describe(findings));
  return tally(findings).wrong === 0 ? 0 : 1;
}

function readArguments(args: readonly string[]) {
  return parseArguments({
    args: [...args],
    options: {
      ...TARGET_OPTIONS,
      json: { type: "boolean" },
      "send-test-alert": { type: "boolean" },
    },
  }).values;
}

await runTask({ help: HELP, read: readArguments, run: doctor, failureCode: 2 });
