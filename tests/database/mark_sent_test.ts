import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { ledgerRow, minutes, only, scheduledMatch, withSuite } from "./fixtures.ts";
import { MATCH } from "./reconciling.ts";
import { lastAction } from "./verbs.ts";

const RUN_ID = "00000000-0000-0000-0000-00000000000a";
/** Sends are due at minutes(540). */
const AFTER_SEND = minutes(600);

Deno.test(
  "mark_sent() and undo() restore a cancelled row with its reason",
  withSuite(async (suite) => {
    await scheduledMatch(suite);
    await suite.sql`
      update public.schedule_ledger set status = 'cancelled', cancel_reason = 'plan', notes = 'n'`;
    const act = async (name: "mark_sent" | "undo", p_dry_run = false) =>
      await suite.call<{ done: boolean; refused: string | null }>(name, {
        p_match_id: MATCH,
        p_reason: "Fans told us",
        p_actor_kind: "operator",
        p_actor_id: "user-1",
        p_run_id: RUN_ID,
        p_dry_run,
        p_now: AFTER_SEND,
        ...(name === "undo" ? { p_action_id: await lastAction(suite) } : {}),
      });
    strictEqual((await act("undo")).refused, "nobody did anything to it that is not undone");
    strictEqual((await act("mark_sent", true)).done, true);
    strictEqual((await ledgerRow(suite, MATCH)).status, "cancelled", "a dry run");
    strictEqual((await act("mark_sent")).done, true);
    const marked = await ledgerRow(suite, MATCH);
    deepStrictEqual(
      [marked.status, marked.cancel_reason, marked.sent_evidence, marked.notes],
      ["sent", null, "operator", "Marked as sent by operator user-1: Fans told us"],
    );
    strictEqual((await act("undo")).done, true);
    const undone = await ledgerRow(suite, MATCH);
    deepStrictEqual(
      [undone.status, undone.cancel_reason, undone.sent_evidence, undone.notes],
      ["cancelled", "plan", null, "n"],
    );
    // And once more: each undo takes back one mark.
    strictEqual((await act("mark_sent")).done, true);
    strictEqual((await act("undo")).done, true);
    const { actions } = only(
      await suite.sql`select count(*)::int as actions from public.operator_actions`,
    );
    strictEqual(actions, 4);
  }),
);
