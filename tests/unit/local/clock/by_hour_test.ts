import { deepStrictEqual } from "node:assert/strict";
import { byHour } from "../../../../local/clock/by_hour.ts";

Deno.test("a move of the clock is split at the full hours", () => {
  const times = (from: string, to: string) =>
    [...byHour(new Date(`2024-12-07T${from}Z`), new Date(`2024-12-07T${to}Z`))]
      .map((time) => time.toISOString().slice(11, 16));
  deepStrictEqual(times("06:10:00", "08:30:00"), ["07:00", "08:00", "08:30"]);
  deepStrictEqual(times("06:00:00", "08:00:00"), ["07:00", "08:00"]);
  deepStrictEqual(times("06:10:00", "06:10:00"), ["06:10"]);
});
