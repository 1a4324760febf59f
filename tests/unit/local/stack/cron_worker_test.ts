import { ok, strictEqual } from "node:assert/strict";
import { atVirtualTime, nextDue, wakesLateMs } from "../../../../local/stack/cron_worker.ts";

for (
  const [schedule, after, due] of [
    ["*/15 * * * *", "2024-12-07T06:00:00.000Z", "2024-12-07T06:15:00.000Z"],
    ["*/15 * * * *", "2024-12-07T06:14:59.999Z", "2024-12-07T06:15:00.000Z"],
    ["20 2 * * *", "2024-12-07T06:00:00.000Z", "2024-12-08T02:20:00.000Z"],
    ["0 0 $ * *", "2024-12-07T06:00:00.000Z", "2024-12-31T00:00:00.000Z"],
    // Both days given: either will do, as in every cron.
    ["0 0 9 * 0", "2024-12-07T06:00:00.000Z", "2024-12-08T00:00:00.000Z"],
    ["30 seconds", "2024-12-07T06:00:00.000Z", "2024-12-07T06:00:30.000Z"],
  ] as const
) {
  Deno.test(`nextDue() after ${after} of "${schedule}" is ${due}`, () => {
    strictEqual(nextDue(schedule, new Date(after))?.toISOString(), due);
  });
}

Deno.test("nextDue() returns no time for an invalid schedule", () => {
  strictEqual(nextDue("every now and then", new Date("2024-12-07T06:00:00Z")), undefined);
});

Deno.test("atVirtualTime() replaces every now() and nothing that only resembles it", () => {
  const now = new Date("2024-12-07T06:15:00Z");
  strictEqual(
    atVirtualTime("select f(now(), NOW()), know(), nowhere", now),
    "select f('2024-12-07T06:15:00.000Z'::timestamptz, '2024-12-07T06:15:00.000Z'::timestamptz), know(), nowhere",
  );
});

Deno.test("wakesLateMs() is some hundred milliseconds, the same for each run of a test, and differs by minute", () => {
  const start = Date.UTC(2024, 11, 7);
  const minutes = Array.from({ length: 600 }, (_, index) => new Date(start + index * 60_000));
  const late = minutes.map(wakesLateMs);
  ok(late.every((ms) => ms >= 100 && ms < 1_000));
  ok(new Set(late).size > 100);
  strictEqual(wakesLateMs(minutes[0]!), wakesLateMs(new Date(start + 59_999)));
});
