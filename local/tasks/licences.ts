/** `deno task licences` writes docs/licences.md; with `--check` it only checks that the list is current. */
import { parseArguments } from "../cli/arguments.ts";
import { runTask } from "../cli/run_task.ts";
import { StackFailure } from "../lib/failure.ts";
import { listOf, readLicences } from "../lib/licences.ts";

const LIST = new URL("../../docs/licences.md", import.meta.url);
const HELP = `Writes docs/licences.md: every package in the lockfile, with its licence.

  npx -y deno@2.9.6 task licences [options]

  --check              only checks that the list is current
  --help               this text
`;

async function writeLicences({ check }: ReturnType<typeof readArguments>): Promise<number> {
  const list = listOf(await readLicences());
  if (!check) {
    await Deno.writeTextFile(LIST, list);
  } else if (list !== await Deno.readTextFile(LIST)) {
    throw new StackFailure(
      "Cannot accept the licences: docs/licences.md must list the packages in deno.lock, got another list; " +
        "run `npx -y deno@2.9.6 task licences` and commit the result",
    );
  }
  return 0;
}

function readArguments(args: readonly string[]) {
  return parseArguments({ args: [...args], options: { check: { type: "boolean" } } }).values;
}

await runTask({ help: HELP, read: readArguments, run: writeLicences });
