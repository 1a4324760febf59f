import { strictEqual } from "node:assert/strict";
import { progressText } from "../../../../local/demo/progress.ts";

const FROM = new Date("2024-12-07T06:00:00Z");
const UNTIL = new Date("2024-12-09T20:00:00Z");
const progress = (now: string, seconds: number) =>
  progressText({ from: FROM, until: UNTIL, now: new Date(now), elapsedMs: seconds * 1_000 });

Deno.test("the time left follows from the share of hours that have passed, and is rough", () => {
  strictEqual(progress("2024-12-07T06:16:00Z", 5), "0 %");
  strictEqual(progress("2024-12-08T13:00:00Z", 62), "50 %, about 65 s left");
  strictEqual(progress("2024-12-08T13:00:00Z", 200), "50 %, about 3 min left");
  strictEqual(progress("2024-12-09T20:00:00Z", 200), "100 %, about 5 s left");
});
