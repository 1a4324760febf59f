import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { count, percent, range, signed, words } from "../../../../../dashboard/src/format.ts";
import { roundUp, timeAxis } from "../../../../../dashboard/src/parts/scale.ts";
import { sendState } from "../../../../../dashboard/src/parts/status.tsx";
import type { MatchdayMatch } from "../../../../../dashboard/src/rows.ts";
import { sumsByStep } from "../../../../../dashboard/src/views/match_events.tsx";

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

Deno.test("an axis contains its times with margins on both sides and a few ticks", () => {
  const times = ["2024-12-07T11:30Z", "2024-12-07T17:30Z"].map((text) => new Date(text).getTime());
  const axis = timeAxis(times);
  strictEqual(new Date(axis.from).toISOString(), "2024-12-07T11:00:00.000Z");
  strictEqual(new Date(axis.until).toISOString(), "2024-12-07T18:00:00.000Z");
  strictEqual(axis.ticks.length, 4);
  deepStrictEqual([axis.at(axis.from), axis.at(axis.until), axis.at(0)], [0, 100, 0]);
  const [one] = times;
  ok(timeAxis([one!]).ticks.length > 1, "one match too");
});

Deno.test("the top of a chart is a round number that nothing exceeds", () => {
  deepStrictEqual([0, 1, 3, 26, 99, 101, 24_000].map(roundUp), [1, 1, 5, 50, 100, 200, 25_000]);
});

Deno.test("events of many minutes are gathered, and none is lost", () => {
  const minutes = Array.from({ length: 600 }, (_, index) => ({
    minute: new Date(Date.UTC(2024, 11, 7, 14, index * 2)).toISOString(),
    sends: 3,
    opens: 2,
    others: 1,
  }));
  const { sums, times, stepMs } = sumsByStep(minutes);
  ok(times.length <= 240 && stepMs === 5 * 60_000, `${times.length} of ${stepMs}`);
  deepStrictEqual(
    sums.reduce(
      (all, { sends, opens, others }) => [all[0]! + sends, all[1]! + opens, all[2]! + others],
      [
        0,
        0,
        0,
      ],
    ),
    [1_800, 1_200, 600],
  );
});

Deno.test("a push without evidence is going out, then overdue", () => {
  const now = new Date("2024-12-07T14:00:00Z");
  const state = (changes: Partial<MatchdayMatch>) =>
    sendState({ status: "pending", match_status: "scheduled", ...changes } as MatchdayMatch, now)
      .text;
  deepStrictEqual(
    [
      state({ send_at: "2024-12-07T14:05:00Z", schedule_state: "live" }),
      state({ send_at: "2024-12-07T14:05:00Z", schedule_state: "unknown" }),
      state({ send_at: "2024-12-07T13:50:00Z" }),
      state({ send_at: "2024-12-07T13:40:00Z" }),
      state({ send_at: "2024-12-07T13:40:00Z", status: "sent" }),
      state({ send_at: "2024-12-07T13:40:00Z", status: "cancelled", cancel_reason: "dashboard" }),
      state({ send_at: null, status: null }),
      state({ send_at: null, status: null, match_status: "postponed" }),
    ],
    [
      "Scheduled",
      "Unknown in Braze",
      "Going out",
      "Overdue",
      "Sent",
      "Cancelled in Braze",
      "Not scheduled",
      "Postponed",
    ],
  );
});
