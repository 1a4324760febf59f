import { match, strictEqual } from "node:assert/strict";
import { ledgerRow, minutes, scheduledMatch, withSuite } from "./fixtures.ts";
import { MATCH } from "./reconciling.ts";
import { act } from "./verbs.ts";

Deno.test(
  "mark_not_sent() is for a push that was due and is not proved; undo puts the row back",
  withSuite(async (suite) => {
    await scheduledMatch(suite);
    match(await act(suite, "mark_not_sent", minutes(539)) ?? "", /^its push is not due before/);
    match(
      await act(suite, "mark_not_sent", minutes(554)) ?? "",
      /may be going out: wait a quarter of an hour$/,
    );
    strictEqual(await act(suite, "mark_not_sent", minutes(555)), null);
    strictEqual((await ledgerRow(suite, MATCH)).cancel_reason, "operator");
    strictEqual(await act(suite, "undo", minutes(601)), null);
    strictEqual((await ledgerRow(suite, MATCH)).status, "pending");
    strictEqual(await act(suite, "mark_sent", minutes(602)), null);
    strictEqual(
      await act(suite, "mark_not_sent", minutes(603)),
      "a person marked it as sent: use undo",
    );
  }),
);
