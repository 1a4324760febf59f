import { deepStrictEqual } from "node:assert/strict";
import { roundUp } from "../../../../../dashboard/src/parts/scale.ts";

Deno.test("the top of a chart is a round number that nothing exceeds", () => {
  deepStrictEqual([0, 1, 3, 26, 99, 101, 24_000].map(roundUp), [1, 1, 5, 50, 100, 200, 25_000]);
});
