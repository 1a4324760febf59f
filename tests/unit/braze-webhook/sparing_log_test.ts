import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { createSparingLog } from "../../../supabase/functions/braze-webhook/sparing_log.ts";

function setup() {
  let nowMs = 0;
  const lines: unknown[] = [];
  const log = createSparingLog({ now: () => new Date(nowMs), sleep: () => Promise.resolve() });
  return {
    lines,
    at(ms: number, event: string, counts: Record<string, number>) {
      nowMs = ms;
      log(event, counts, (sums) => lines.push([event, sums]));
    },
  };
}

Deno.test("a lone request has a line of its own, at once", () => {
  const { at, lines } = setup();
  at(0, "stored", { received: 3 });
  at(10_000, "stored", { received: 1 });
  deepStrictEqual(lines, [
    ["stored", { requests: 1, received: 3 }],
    ["stored", { requests: 1, received: 1 }],
  ]);
});

Deno.test("a thousand requests a second make a line in ten seconds, which counts all of them", () => {
  const { at, lines } = setup();
  for (let ms = 0; ms <= 60_000; ms++) at(ms, "stored", { received: 2 });
  strictEqual(lines.length, 7);
  deepStrictEqual(lines[1], ["stored", { requests: 10_000, received: 20_000 }]);
});

Deno.test("a failure has its first line at once, however much is stored", () => {
  const { at, lines } = setup();
  at(0, "stored", {});
  at(1, "failed", { events: 100 });
  at(2, "failed", { events: 50 });
  at(10_001, "failed", { events: 1 });
  deepStrictEqual(lines.slice(1), [
    ["failed", { requests: 1, events: 100 }],
    ["failed", { requests: 2, events: 51 }],
  ]);
});
