/** `deno task test-server` keeps a database server for `deno test` running, and prints the variable to set. */
import { parseArguments } from "../cli/arguments.ts";
import { interrupted } from "../cli/interrupt.ts";
import { runTask, type Writers } from "../cli/run_task.ts";
import { startTestServer } from "../stack/test_server.ts";

const HELP = `Starts a database server for tests and keeps it until Ctrl-C.

  npx -y deno@2.9.6 task test-server [options]

  --postgres-bin DIR   another server's binaries (/usr/lib/postgresql/15/bin)
  --help               this text

Prints TEST_DATABASE_URL, which \`deno test\` needs.
`;

async function testServer(
  values: ReturnType<typeof readArguments>,
  { out }: Writers,
): Promise<number> {
  const stopped = interrupted();
  const server = await startTestServer(values["postgres-bin"]);
  out.line(`export TEST_DATABASE_URL='${server.url}'`);
  await stopped;
  await server.stop();
  return 0;
}

function readArguments(args: readonly string[]) {
  return parseArguments({
    args: [...args],
    options: { "postgres-bin": { type: "string" } },
  }).values;
}

await runTask({ help: HELP, read: readArguments, run: testServer });
