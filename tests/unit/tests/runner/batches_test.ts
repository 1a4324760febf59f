/** Every test file runs once, long ones first. */
import { deepStrictEqual, ok } from "node:assert/strict";
import { batchesOf } from "../../../runner/batches.ts";

const FILES = [
  "tests/layers_test.ts",
  ...Array.from({ length: 40 }, (_, i) => `tests/database/function_${i}_test.ts`),
  "tests/simulation/simulation_test.ts",
  "tests/unit/_shared/text/exact_json_test.ts",
];

Deno.test("batchesOf() puts each file into one batch of its group", () => {
  const batches = batchesOf(FILES);
  deepStrictEqual(batches.flatMap(({ files }) => files).toSorted(), FILES.toSorted());
  for (const { group, files } of batches) {
    ok(files.every((file) => file.startsWith(`tests/${group.name}`)), `${group.name}: ${files}`);
  }
});

Deno.test("batchesOf() starts with tests that need no server, then the longest batch", () => {
  const names = batchesOf(FILES).map(({ group }) => group.name);
  deepStrictEqual(names.slice(0, 3), ["unit", "layers", "simulation"]);
  ok(names.length > 6, "database is divided");
});
