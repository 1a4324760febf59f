/** Every `deno task` of the project answers --help, and refuses unknown arguments, in the same way. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { DATA, POSTGRES_BIN } from "../../../../local/cli/flags.ts";
import { readJson } from "../../../support/sources.ts";

const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));
const { tasks } = z.object({ tasks: z.record(z.string(), z.string()) })
  .parse(await readJson("deno.json"));
const ours = Object.entries(tasks).flatMap(([name, command]) => {
  const [, args = ""] = /^deno (run .*\.ts)$/.exec(command) ?? [];
  return args === "" ? [] : [{ name, args: args.split(" ") }];
});

async function call(args: readonly string[]) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trimEnd();
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

/** What in a help differs from the form that all have; null if nothing does. */
function faultOf(name: string, help: string): string | null {
  const blocks = help.split("\n\n");
  const [what = "", usage = "", flags = ""] = blocks;
  if (!/^[A-Z][^\n]*\.$/.test(what)) return `it must begin with a sentence, got ${what}`;
  const takes = "( \\[?[A-Z]+…?\\]?)?";
  const expected = new RegExp(
    `^  npx -y --prefer-offline deno@2\\.9\\.6 task ${name}${takes}( \\[options\\])?$`,
  );
  if (!expected.test(usage)) return `the command must be like the others, got ${usage}`;
  const lines = flags.split("\n");
  const isFlag = (line: string) =>
    /^ {2}--[a-z-]+( [A-Za-z]+)? +\S/.test(line) && /^.{22} \S/.test(line);
  const odd = lines.find((line) => !isFlag(line));
  if (odd !== undefined) return `a flag must be like the others, got ${odd}`;
  if (!lines.at(-1)?.startsWith("  --help ")) return "--help must be the last flag";
  for (const [flag, text] of Object.entries(SAME)) {
    const line = lines.find((each) => each.startsWith(`  --${flag} `));
    if (line !== undefined && !line.endsWith(text)) {
      return `--${flag} must mean the same everywhere`;
    }
  }
  const ends =
    /^Ends with 0 (if|when|on) [^]*, 2 if the arguments are wrong or it cannot do its work,\n130 if it is interrupted before that\.$/;
  const end = (blocks.at(-1) ?? "").replace(/\n(?=2 )/, " ");
  return ends.test(end) ? null : `the exit codes must be those of all tasks, got ${end}`;
}

/** Flags of several tasks have one value and one meaning. */
const SAME = {
  data: DATA.text,
  "env-file":
    "variables, NAME=value on each line; if repeated, the last value of a variable counts",
  local: "the stack that `task start` runs here",
  "postgres-bin": POSTGRES_BIN.text,
};

Deno.test("the names of all tasks are lower case, words joined by a hyphen", () => {
  for (const name of Object.keys(tasks)) match(name, /^[a-z]+(-[a-z]+)*$/);
});

Deno.test("the tasks of deno.json are found", () => {
  ok(ours.length >= 11, ours.map(({ name }) => name).join(", "));
});

for (const { name, args } of ours) {
  Deno.test(`task ${name} answers --help with 0 and an unknown flag with 2`, async () => {
    const [help, wrong] = await Promise.all([
      call([...args, "--help"]),
      call([...args, "--no-such-flag"]),
    ]);
    deepStrictEqual([help.code, help.stderr], [0, ""]);
    strictEqual(faultOf(name, help.stdout), null);
    deepStrictEqual([wrong.code, wrong.stdout], [2, ""]);
    match(wrong.stderr, /^Cannot read the arguments: .*'--no-such-flag'.*\(see --help\)$/);
  });
}
