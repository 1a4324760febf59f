import { deepStrictEqual } from "node:assert/strict";
import { RESULTS } from "../../../../../dashboard/src/views/counts.tsx";

Deno.test("of a comparison only a difference asks for a look: what is not known is grey", () => {
  const tones = Object.entries(RESULTS).map(([status, [tone]]) => [status, tone]);
  deepStrictEqual(tones, [["in_sync", "good"], ["mismatch", "bad"], ["unknown", "off"]]);
});
