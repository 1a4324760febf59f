/**
 * `deno task types` writes the TypeScript types of the database, as the Supabase CLI generates them; with `--check` it
 * only checks that those in the repository are current.
 */
import { COMMAND, helpOf, POSTGRES_BIN, readFlags } from "../cli/flags.ts";
import { type ExitCode, runTask, type Writers } from "../cli/run_task.ts";
import { StackFailure } from "../lib/failure.ts";
import { startTestServer, TEMPLATE } from "../stack/test_server.ts";

const TYPES = new URL("../../supabase/functions/_shared/database.types.ts", import.meta.url);
const CLI = "supabase@3.1.0";

const FLAGS = {
  check: { text: "only checks that the file is current" },
  "postgres-bin": POSTGRES_BIN,
} as const;

const HELP = helpOf({
  task: "types",
  what: "Writes the types of the database, supabase/functions/_shared/database.types.ts.",
  flags: FLAGS,
  ends: { good: "when the file is current", needsPerson: "if --check finds that it is not" },
});

async function writeTypes(
  values: ReturnType<typeof readArguments>,
  { err }: Writers,
): Promise<ExitCode> {
  const types = await generate(values["postgres-bin"]);
  if (!values.check) {
    await Deno.writeTextFile(TYPES, types);
  } else if (types !== await Deno.readTextFile(TYPES)) {
    err.line(
      "Cannot accept the types: database.types.ts must match the migrations, got another version; " +
        `run \`${COMMAND} types\` and commit the result`,
    );
    return 1;
  }
  return 0;
}

function readArguments(args: readonly string[]) {
  return readFlags(FLAGS, args).values;
}

async function generate(postgresBin: string | undefined): Promise<string> {
  const server = await startTestServer(postgresBin);
  try {
    const url = new URL(server.url);
    url.pathname = TEMPLATE;
    const remote = `--remote=${url.href.replace(/^postgres:/, "postgresql:")}`;
    const generated = await run("npx", ["-y", CLI, "gen", "types", remote, "--schema", "public"]);
    return await run(
      Deno.execPath(),
      ["fmt", "--no-config", "--ext=ts", "--line-width=100", "-"],
      generated,
    );
  } finally {
    await server.stop();
  }
}

async function run(command: string, args: string[], input = ""): Promise<string> {
  const child = new Deno.Command(command, {
    args,
    // The server is on this machine and has no certificate.
    env: { PGSSLMODE: "disable" },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const [, { success, stdout, stderr }] = await Promise.all([
    new Blob([input]).stream().pipeTo(child.stdin),
    child.output(),
  ]);
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  if (!success) {
    throw new StackFailure(
      `Cannot generate the types: ${command} ${args.join(" ")} must succeed, got:\n${text(stderr)}`,
    );
  }
  return text(stdout);
}

await runTask({ help: HELP, read: readArguments, run: writeTypes });
