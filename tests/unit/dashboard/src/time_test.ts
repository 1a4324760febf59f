import { deepStrictEqual, strictEqual } from "node:assert/strict";
import {
  addDays,
  ago,
  countdown,
  dateIn,
  duration,
  startOfDay,
} from "../../../../dashboard/src/time.ts";

Deno.test("a day begins at midnight of its zone, in every zone", () => {
  const cases = [
    ["2024-12-07", "UTC", "2024-12-07T00:00:00.000Z"],
    ["2024-12-07", "Europe/London", "2024-12-07T00:00:00.000Z"],
    ["2024-07-01", "Europe/London", "2024-06-30T23:00:00.000Z"],
    ["2024-12-07", "America/New_York", "2024-12-07T05:00:00.000Z"],
    ["2024-12-07", "Pacific/Kiritimati", "2024-12-06T10:00:00.000Z"],
    ["2024-12-07", "Asia/Kathmandu", "2024-12-06T18:15:00.000Z"],
    // Daylight saving time begins at midnight, so the day begins at 01:00.
    ["2024-09-08", "America/Santiago", "2024-09-08T04:00:00.000Z"],
  ] as const;
  for (const [date, zone, start] of cases) {
    strictEqual(startOfDay(date, zone).toISOString(), start, `${date} in ${zone}`);
  }
});

Deno.test("days of 23 and 25 hours are contiguous", () => {
  for (const [date, hours] of [["2024-03-31", 23], ["2024-10-27", 25]] as const) {
    const [from, until] = [date, addDays(date, 1)].map((day) => startOfDay(day, "Europe/Berlin"));
    strictEqual((until!.getTime() - from!.getTime()) / 3_600_000, hours, date);
    strictEqual(dateIn(from!, "Europe/Berlin"), date);
    strictEqual(dateIn(new Date(until!.getTime() - 1), "Europe/Berlin"), date);
  }
});

Deno.test("the remaining time has a finer unit the shorter it is", () => {
  deepStrictEqual(
    [-5_000, 0, 9_000, 245_000, 3_900_000, 200_000_000].map(countdown),
    ["0:00", "0:00", "0:09", "4:05", "1 h 05 min", "2 days"],
  );
});

Deno.test("durations and distances in words", () => {
  deepStrictEqual([0, 850, 20_000, 185_000, 9_000_000, 400_000_000].map(duration), [
    "0 ms",
    "850 ms",
    "20 s",
    "3 min",
    "3 h",
    "5 days",
  ]);
  const now = new Date("2024-12-07T16:00:00Z");
  const at = (ms: number) => ago(new Date(now.getTime() + ms), now);
  deepStrictEqual([at(-30_000), at(-300_000), at(540_000)], ["just now", "5 min ago", "in 9 min"]);
});
