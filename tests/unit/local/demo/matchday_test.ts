import { ok, strictEqual } from "node:assert/strict";
import { momentLines } from "../../../../local/demo/matchday.ts";

Deno.test("a moment takes one line where it fits, and several lines within the width where not", () => {
  const start = "Sat 7 Dec 06:36  ! ";
  const text = "A person declares it gone too soon: Braze has two for Brentford–Newcastle";
  const state = "1 cancelled, 9 pending; 14,430 events";
  strictEqual(momentLines(start, text, state, Infinity).split("\n").length, 1);
  for (let width = 40; width < 140; width++) {
    for (const line of momentLines(start, text, state, width).split("\n")) {
      ok(line.length <= width, `${width}: ${line}`);
    }
  }
});
