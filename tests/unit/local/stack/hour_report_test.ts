import { strictEqual } from "node:assert/strict";
import { describeHour } from "../../../../local/stack/hour_report.ts";

Deno.test("an hour is one line", () => {
  const now = "2024-12-07T14:00:00.000Z";
  strictEqual(
    describeHour({ now, ledger: { sent: 2, pending: 7 }, events: 14_430, open_alerts: 1 }),
    "7 pending, 2 sent, 14,430 events, 1 open alert",
  );
  strictEqual(
    describeHour({ now, ledger: {}, events: 0, open_alerts: 0 }),
    "nothing scheduled, 0 events, 0 open alerts",
  );
});
