/** Every `deno task` of the project answers --help, and refuses unknown arguments, in the same way. */
import { deepStrictEqual, match, ok } from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { z } from "zod";
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
    match(help.stdout, new RegExp(`^[A-Z].*\\.\\n[^]*\\n  --help +this text\\n?`));
    deepStrictEqual([wrong.code, wrong.stdout], [2, ""]);
    match(wrong.stderr, /^Cannot read the arguments: .*'--no-such-flag'.*\(see --help\)$/);
  });
}
