/** `deno task licences` writes docs/licences.md; with `--check` it only checks that the list is current. */
import { COMMAND, helpOf, readFlags } from "../cli/flags.ts";
import { type ExitCode, runTask, type Writers } from "../cli/run_task.ts";
import { listOf, readLicences } from "../lib/licences.ts";

const LIST = new URL("../../docs/licences.md", import.meta.url);
const FLAGS = { check: { text: "only checks that the list is current" } } as const;

const HELP = helpOf({
  task: "licences",
  what: "Writes docs/licences.md: every package in the lockfile, with its licence.",
  flags: FLAGS,
  ends: { good: "when the list is current", needsPerson: "if --check finds that it is not" },
});

async function writeLicences(
  { check }: ReturnType<typeof readArguments>,
  { err }: Writers,
): Promise<ExitCode> {
  const list = listOf(await readLicences());
  if (!check) {
    await Deno.writeTextFile(LIST, list);
  } else if (list !== await Deno.readTextFile(LIST)) {
    err.line(
      "Cannot accept the licences: docs/licences.md must list the packages in deno.lock, got another list; " +
        `run \`${COMMAND} licences\` and commit the result`,
    );
    return 1;
  }
  return 0;
}

function readArguments(args: readonly string[]) {
  return readFlags(FLAGS, args).values;
}

await runTask({ help: HELP, read: readArguments, run: writeLicences });
