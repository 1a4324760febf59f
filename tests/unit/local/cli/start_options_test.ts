import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import { StackFailure } from "../../../../local/lib/failure.ts";
import { HELP, readOptions } from "../../../../local/cli/start_options.ts";

Deno.test("readOptions() without arguments keeps data in the default folder, on the default ports", () => {
  deepStrictEqual(readOptions([], "/repo/.local"), {
    json: false,
    verbose: false,
    ephemeral: false,
    fresh: false,
    clock: undefined,
    dataFolder: "/repo/.local",
    portBase: 54_321,
    postgresBin: undefined,
    sendGate: "off",
  });
});

Deno.test("readOptions() reads every option that the help names", () => {
  const options = readOptions(
    ["--clock", "2024-12-07T06:00:00Z", "--data", "/d", "--port", "40000", "--json"],
    "/x",
  );
  strictEqual(options.clock?.toISOString(), "2024-12-07T06:00:00.000Z");
  strictEqual(options.dataFolder, "/d");
  strictEqual(options.portBase, 40_000);
  strictEqual(options.json, true);
  strictEqual(readOptions(["--postgres-bin", "/pg/bin"], "/x").postgresBin, "/pg/bin");
  strictEqual(readOptions(["--ephemeral"], "/x").ephemeral, true);
  strictEqual(readOptions(["--send-gate", "fail_open"], "/x").sendGate, "fail_open");
  deepStrictEqual(
    [readOptions(["--fresh"], "/x").fresh, readOptions(["--verbose"], "/x").verbose],
    [
      true,
      true,
    ],
  );
  const named = [
    ...["clock", "data", "fresh", "ephemeral", "port", "send-gate", "verbose", "json"],
    ...["postgres-bin", "help"],
  ];
  for (const name of named) {
    strictEqual(HELP.includes(`--${name}`), true, name);
  }
});

for (
  const [what, args, message] of [
    ["an unknown option", ["--colour"], /Cannot read the arguments: .*--colour/],
    ["an unexpected word", ["now"], /Cannot read the arguments/],
    ["a clock without a zone", ["--clock", "2024-12-07T06:00:00"], /--clock must be .* got "2024/],
    ["a clock that is not a time", ["--clock", "2024-13-07T06:00:00Z"], /--clock must be/],
    ["a gate that is half open", ["--send-gate", "ajar"], /--send-gate must be .* got "ajar"/],
    [
      "a port that is not a number",
      ["--port", "http"],
      /--port must be a whole number, got "http"/,
    ],
    ["a temporary folder that starts over", ["--ephemeral", "--fresh"], /--fresh deletes/],
    ["a temporary folder with a name", ["--ephemeral", "--data", "/d"], /--ephemeral uses/],
  ] as const
) {
  Deno.test(`readOptions() refuses ${what}`, () => {
    throws(() => readOptions(args, "/x"), (error: Error) => {
      strictEqual(error instanceof StackFailure, true);
      return message.test(error.message);
    });
  });
}
