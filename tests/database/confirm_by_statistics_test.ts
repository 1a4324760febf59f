import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { attemptRow, ledgerRow, minutes, NOW, scheduleRow, withSuite } from "./fixtures.ts";
import { createWithoutAnswer, MATCH } from "./reconciling.ts";

/** Sends are due at minutes(540). */
const AFTER_SEND = minutes(600);

Deno.test(
  "confirm_by_statistics() turns a past pending row to sent, completes its schedule and resolves its create",
  withSuite(async (suite) => {
    const opened = await createWithoutAnswer(suite);
    const confirmBy = (count: number, now: Date) =>
      suite.call<boolean>("confirm_by_statistics", {
        p_ledger_id: opened.ledger_id,
        p_generation: 1,
        p_count: count,
        p_now: now,
      });
    strictEqual(await confirmBy(7, NOW), false, "not due");
    strictEqual(await confirmBy(0, AFTER_SEND), false, "none sent");
    strictEqual(await confirmBy(7, AFTER_SEND), true);
    strictEqual(await confirmBy(7, AFTER_SEND), false, "sent already");
    const ledger = await ledgerRow(suite, MATCH);
    deepStrictEqual(
      [ledger.status, ledger.sent_evidence, ledger.braze_reported_count, ledger.sent_confirmed_at],
      ["sent", "statistics", 7, AFTER_SEND],
    );
    strictEqual((await scheduleRow(suite, opened)).state, "completed");
    strictEqual(
      (await attemptRow(suite, opened.attempt_id)).resolved_as,
      "proved_by_statistics",
    );
  }),
);
