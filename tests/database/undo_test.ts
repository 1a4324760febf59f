import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { ledgerRow, minutes, scheduledMatch, withSuite } from "./fixtures.ts";
import { createWithoutAnswer, MATCH } from "./reconciling.ts";
import { act, type Answer, lastAction, RUN_ID } from "./verbs.ts";

Deno.test(
  "undo() puts back what declare_gone() settled, with the create that has no answer",
  withSuite(async (suite) => {
    const { attempt_id, runId } = await createWithoutAnswer(suite);
    const { done } = await suite.call<Answer>("declare_gone", {
      p_match_id: MATCH,
      p_reason: "Not there",
      p_actor_kind: "secret_key",
      p_run_id: runId,
      p_dry_run: false,
      p_freeze_seconds: 0,
      p_accept_double_push: false,
      p_now: minutes(10),
    });
    strictEqual(done, true);
    strictEqual(await act(suite, "undo", minutes(11)), null);
    const [row] = await suite.sql`
      select schedule.state, schedule.settled_at, attempt.resolved_as
      from public.braze_schedules as schedule
      join public.schedule_attempts as attempt using (ledger_id, generation)
      where attempt.id = ${attempt_id}`;
    deepStrictEqual({ ...row }, { state: "unknown", settled_at: null, resolved_as: null });
  }),
);

Deno.test(
  "undo() does not take a proof back",
  withSuite(async (suite) => {
    const { runId } = await scheduledMatch(suite);
    const { done } = await suite.call<Answer>("declare_gone", {
      p_match_id: MATCH,
      p_reason: "Not there",
      p_actor_kind: "secret_key",
      p_run_id: runId,
      p_dry_run: false,
      p_freeze_seconds: 900,
      p_accept_double_push: true,
      p_now: minutes(10),
    });
    strictEqual(done, true);
    await suite.sql`
      update public.schedule_ledger
      set status = 'sent', sent_evidence = 'push', sent_confirmed_at = ${minutes(541)}`;
    strictEqual(await act(suite, "undo", minutes(542)), "it is sent since (push)");
    strictEqual((await ledgerRow(suite, MATCH)).status, "sent");
  }),
);

Deno.test(
  "undo() takes back the action that it names and no other, and answers a repeated request alike",
  withSuite(async (suite) => {
    await scheduledMatch(suite);
    const undo = async (p_action_id: number, p_dry_run = false) => {
      const { refused } = await suite.call<Answer>("undo", {
        p_match_id: MATCH,
        p_action_id,
        p_reason: "By mistake",
        p_actor_kind: "secret_key",
        p_run_id: RUN_ID,
        p_dry_run,
        p_now: minutes(602),
      });
      return [refused, (await ledgerRow(suite, MATCH)).status];
    };
    strictEqual(await act(suite, "cancel_push", minutes(10)), null);
    const cancel = await lastAction(suite);
    strictEqual(await act(suite, "mark_sent", minutes(601)), null);
    const mark = await lastAction(suite);

    for (const id of [cancel, mark + 1]) {
      const refused = `action ${id} is not the last of this match, which is ${mark} (mark_sent)`;
      deepStrictEqual(await undo(id), [refused, "sent"]);
    }
    deepStrictEqual(await undo(mark, true), [null, "sent"], "a dry run");
    deepStrictEqual(await undo(mark), [null, "cancelled"]);
    // The answer was lost, and the request is sent again.
    deepStrictEqual(await undo(mark), [null, "cancelled"]);
    deepStrictEqual(await undo(cancel), [null, "pending"]);
    deepStrictEqual(await undo(mark), [null, "pending"]);
    const [{ undone }] = await suite.sql<[{ undone: number }]>`
      select count(*)::int as undone from public.operator_actions where action = 'undo'`;
    strictEqual(undone, 2);
  }),
);
