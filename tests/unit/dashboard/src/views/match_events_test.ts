import { deepStrictEqual, ok } from "node:assert/strict";
import { sumsByStep } from "../../../../../dashboard/src/views/match_events.tsx";

Deno.test("events of many minutes are gathered, and none is lost", () => {
  const minutes = Array.from({ length: 600 }, (_, index) => ({
    minute: new Date(Date.UTC(2024, 11, 7, 14, index * 2)).toISOString(),
    sends: 3,
    opens: 2,
    others: 1,
  }));
  const { sums, times, stepMs } = sumsByStep(minutes);
  ok(times.length <= 240 && stepMs === 5 * 60_000, `${times.length} of ${stepMs}`);
  const total = (name: "sends" | "opens" | "others") =>
    sums.reduce((sum, each) => sum + each[name], 0);
  deepStrictEqual([total("sends"), total("opens"), total("others")], [1_800, 1_200, 600]);
});
