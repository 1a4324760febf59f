/** `deno task test-server` keeps a database server for `deno test` running, and prints the variable to set. */
import { helpOf, POSTGRES_BIN, readFlags } from "../cli/flags.ts";
import { interrupted } from "../cli/interrupt.ts";
import { type ExitCode, runTask, type Writers } from "../cli/run_task.ts";
import { startTestServer } from "../stack/test_server.ts";

const FLAGS = { "postgres-bin": POSTGRES_BIN } as const;

const HELP = helpOf({
  task: "test-server",
  what: "Starts a database server for tests and keeps it until Ctrl-C.",
  flags: FLAGS,
  notes: "Prints TEST_DATABASE_URL, which `deno test` needs.",
});

async function testServer(
  values: ReturnType<typeof readArguments>,
  { out }: Writers,
): Promise<ExitCode> {
  const stopped = interrupted();
  const server = await startTestServer(values["postgres-bin"]);
  out.line(`export TEST_DATABASE_URL='${server.url}'`);
  await stopped;
  await server.stop();
  return 0;
}

function readArguments(args: readonly string[]) {
  return readFlags(FLAGS, args).values;
}

await runTask({ help: HELP, read: readArguments, run: testServer });
