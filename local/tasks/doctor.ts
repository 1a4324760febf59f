/** `deno task doctor`: checks a project and says how to correct what is wrong. */
import { MIGRATIONS } from "../stack/project.ts";
import { helpOf, readFlags } from "../cli/flags.ts";
import { type ExitCode, runTask, type Writers } from "../cli/run_task.ts";
import { findTarget, TARGET_FLAGS, TARGET_NOTES } from "../cli/target.ts";
import { runChecks } from "../doctor/checks.ts";
import { asJson, describe, tally } from "../doctor/report.ts";

const FLAGS = {
  ...TARGET_FLAGS,
  "send-test-alert": {
    text: "sends one message to the chat of each audience; without it the doctor sends none",
  },
  json: { text: "one line of JSON: counts, and {check, result, says, mend} of each check" },
} as const;

const HELP = helpOf({
  task: "doctor",
  what:
    "Checks a project and says how to correct what is wrong. Sends no push and changes nothing.",
  flags: FLAGS,
  notes: `${TARGET_NOTES}

It needs the functions' own variables, since it compares them with those of the deployed functions. DATABASE_URL, the
database as its owner, is optional: without it, some checks are "unknown". Permissions that cannot be tried without an
effect are "unknown" until the journal shows a call. Secrets are never printed.`,
  ends: { good: "if nothing is wrong (see what is unknown)", needsPerson: "if something is wrong" },
});

async function doctor(
  values: ReturnType<typeof readArguments>,
  { out }: Writers,
): Promise<ExitCode> {
  const target = await findTarget(values);
  const findings = await runChecks({
    env: target.env,
    databaseUrl: target.env("DATABASE_URL")?.trim() || null,
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
  return readFlags(FLAGS, args).values;
}

await runTask({ help: HELP, read: readArguments, run: doctor });
