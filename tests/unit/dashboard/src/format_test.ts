import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { count, percent, range, signed, words } from "../../../../dashboard/src/format.ts";

Deno.test("numbers are grouped, and an unknown number is not shown as zero", () => {
  deepStrictEqual([count(12_345), count(0), count(null)], ["12,345", "0", "–"]);
  deepStrictEqual([signed(3), signed(-3), signed(0), signed(null)], ["+3", "−3", "0", "–"]);
  deepStrictEqual([range(1, 2, 2), range(2, 2, 2), range(null, null, null)], ["1–2", "2", "–"]);
  strictEqual(words("braze-count-audit"), "Braze count audit");
});

Deno.test("a missing part is never rounded away", () => {
  deepStrictEqual([percent(0.99999), percent(1), percent(0.5), percent(0), percent(null)], [
    "99.9 %",
    "100 %",
    "50.0 %",
    "0 %",
    "–",
  ]);
});
