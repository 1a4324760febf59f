import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { ledgerRow, minutes, scheduledMatch, scheduleRow, withSuite } from "./fixtures.ts";

Deno.test(
  "cancel_absent() cancels the row with reason dashboard, once, unless it was sent",
  withSuite(async (suite) => {
    const match = await scheduledMatch(suite);
    const cancel = () =>
      suite.call("cancel_absent", {
        p_ledger_id: match.ledger_id,
        p_generation: 1,
        p_note: "Not found",
        p_now: minutes(20),
      });
    strictEqual(await cancel(), false, "no list lacked it, or one shows it again");
    await suite.sql`update public.braze_schedules set absent_at = ${minutes(19)}`;
    deepStrictEqual([await cancel(), await cancel()], [true, false]);
    const { status, cancel_reason, notes } = await ledgerRow(suite, 1001);
    deepStrictEqual([status, cancel_reason, notes], ["cancelled", "dashboard", "Not found"]);
    strictEqual((await scheduleRow(suite, match)).state, "deleted");

    await suite.sql`
      update public.schedule_ledger
      set status = 'sent', cancel_reason = null, sent_confirmed_at = ${
      minutes(20)
    }, sent_evidence = 'push'`;
    strictEqual(await cancel(), false);
    strictEqual((await ledgerRow(suite, 1001)).status, "sent");
  }),
);
