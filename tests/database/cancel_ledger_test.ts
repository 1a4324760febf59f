import { deepStrictEqual, strictEqual } from "node:assert/strict";
import {
  ledgerRow,
  NOW,
  scheduledMatch,
  scheduleRow,
  seconds,
  type Suite,
  withSuite,
} from "./fixtures.ts";

function cancel({ call }: Suite, ledgerId: string, generation = 1, reason = "plan") {
  return call<boolean>("cancel_ledger", {
    p_ledger_id: ledgerId,
    p_generation: generation,
    p_cancel_reason: reason,
    p_note: "postponed",
    p_now: seconds(5),
  });
}

Deno.test(
  "cancel_ledger() cancels the row and leaves the schedule in Braze unchanged",
  withSuite(async (suite) => {
    const target = await scheduledMatch(suite);
    strictEqual(await cancel(suite, target.ledger_id), true);
    const ledger = await ledgerRow(suite, 1001);
    deepStrictEqual(
      [ledger.status, ledger.cancel_reason, ledger.notes, ledger.updated_at],
      ["cancelled", "plan", "postponed", seconds(5)],
    );
    strictEqual((await scheduleRow(suite, target)).state, "live");
  }),
);

Deno.test(
  "cancel_ledger() does not change another generation, or a row that is cancelled or sent",
  withSuite(async (suite) => {
    const { ledger_id } = await scheduledMatch(suite);
    strictEqual(await cancel(suite, ledger_id, 2), false);
    strictEqual(await cancel(suite, ledger_id, 1, "dashboard"), true);
    strictEqual(await cancel(suite, ledger_id, 1, "plan"), false);
    strictEqual((await ledgerRow(suite, 1001)).cancel_reason, "dashboard");
    await suite.sql`
      update public.schedule_ledger
      set status = 'sent', cancel_reason = null, sent_evidence = 'push', sent_confirmed_at = ${NOW}`;
    strictEqual(await cancel(suite, ledger_id), false);
  }),
);
