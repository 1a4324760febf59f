import { deepStrictEqual, throws } from "node:assert/strict";
import { percentilesOf, spreadOf } from "../../../bench/statistics.ts";

Deno.test("the median of an odd number of rounds is the middle one", () => {
  deepStrictEqual(spreadOf([300, 100, 200]), { median: 200, min: 100, max: 300 });
});

Deno.test("the median of an even number of rounds is the mean of the middle two", () => {
  deepStrictEqual(spreadOf([400, 100, 200, 300]), { median: 250, min: 100, max: 400 });
});

Deno.test("numbers are sorted as numbers, not as texts", () => {
  deepStrictEqual(spreadOf([9, 10, 100]), { median: 10, min: 9, max: 100 });
});

Deno.test("percentiles are taken over the requests of all rounds together", () => {
  const first = Float64Array.from({ length: 50 }, (_, index) => 100 - index);
  const second = Float64Array.from({ length: 50 }, (_, index) => index + 1);
  deepStrictEqual(percentilesOf([first, second]), { p50: 50, p95: 95, p99: 99, max: 100 });
});

Deno.test("a percentile of few values is one of them", () => {
  deepStrictEqual(percentilesOf([Float64Array.of(7)]), { p50: 7, p95: 7, p99: 7, max: 7 });
});

Deno.test("no measurement gives no number", () => {
  throws(() => spreadOf([]), RangeError);
  throws(() => percentilesOf([new Float64Array(0)]), RangeError);
});
