import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { ledgerRow, minutes, scheduledMatch, withSuite } from "./fixtures.ts";
import { createWithoutAnswer, MATCH } from "./reconciling.ts";
import { act, type Answer } from "./verbs.ts";

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
