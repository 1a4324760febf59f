import { deepStrictEqual, throws } from "node:assert/strict";
import { readArguments } from "../../../bench/arguments.ts";
import { chooseContestants } from "../../../bench/contestants/contestants.ts";

Deno.test("without arguments all shapes are measured in five rounds, with --quick in one", () => {
  const { shapes, rounds } = readArguments([]);
  deepStrictEqual([shapes, rounds], [["one", "batch", "doubled", "message", "identifiers"], 5]);
  deepStrictEqual(readArguments(["--quick"]).rounds, 1);
  deepStrictEqual(readArguments(["--quick", "--rounds", "3"]).rounds, 3);
});

Deno.test("unknown arguments are refused by name", () => {
  throws(() => readArguments(["--shape", "two"]), /--shape must be one of one, batch, doubled/);
  throws(() => readArguments(["--rounds", "0"]), /--rounds must be a whole number from 1/);
  throws(() => readArguments(["--fast"]), /--fast/);
  throws(() => chooseContestants(["kafka"]), /--contestant must be one of ours,/);
});

Deno.test("chosen contestants keep the order of the rounds", () => {
  const names = chooseContestants(["ceiling", "ours"]).map(({ name }) => name);
  deepStrictEqual(names, ["ours", "ceiling"]);
});
