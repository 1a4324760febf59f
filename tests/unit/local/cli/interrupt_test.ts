import { deepStrictEqual } from "node:assert/strict";
import { signalHandler } from "../../../../local/cli/interrupt.ts";

function pressed(...times: readonly number[]): string[] {
  const done: string[] = [];
  let nowMs = 0;
  const onSignal = signalHandler({
    now: () => nowMs,
    stop: () => done.push("stop"),
    abort: () => done.push("abort"),
  });
  for (nowMs of times) onSignal();
  return done;
}

Deno.test("one Ctrl-C arrives several times, and stops once", () => {
  deepStrictEqual(pressed(0, 1, 4, 250, 1_000), ["stop"]);
});

Deno.test("a second Ctrl-C aborts", () => {
  deepStrictEqual(pressed(0, 3, 5_000), ["stop", "abort"]);
});
