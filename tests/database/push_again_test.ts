import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { LEASE_SECONDS, ledgerRow, minutes, scheduledMatch, withSuite } from "./fixtures.ts";
import { MATCH } from "./reconciling.ts";
import { act, kickOff } from "./verbs.ts";

Deno.test(
  "push_again() ends the intent and leaves its push as it is; the next create makes another, and undo takes it back before",
  withSuite(async (suite) => {
    const { runId } = await scheduledMatch(suite);
    strictEqual(await act(suite, "mark_sent", minutes(600)), null);
    await suite.sql`update public.braze_schedules set state = 'completed'`;
    await kickOff(suite, minutes(600 + 12 * 60));
    match(
      await act(suite, "push_again", minutes(610)) ?? "",
      /^its kick-off moved by less than 12 hours, so it is not played again/,
    );
    await kickOff(suite, minutes(601 + 12 * 60));
    strictEqual(await act(suite, "push_again", minutes(610)), null);
    strictEqual(
      await act(suite, "push_again", minutes(611)),
      "it was not pushed yet: the scheduler does that by itself",
    );
    strictEqual(await act(suite, "undo", minutes(612)), null);
    strictEqual((await ledgerRow(suite, MATCH)).replaced_at, null);

    strictEqual(await act(suite, "push_again", minutes(613)), null);
    await suite.sql`update public.job_runs set lease_until = ${minutes(700)}`;
    const opened = await suite.call<{ request: { send_id: string } }>("open_create", {
      p_attempt_id: crypto.randomUUID(),
      p_run_id: runId,
      p_lease_seconds: LEASE_SECONDS,
      p_match_id: MATCH,
      p_request: { campaign_id: "campaign-1", trigger_properties: {} },
      p_signature: "signature",
      p_send_at: minutes(541 + 12 * 60),
      p_expected: { count: 100, min: 60, max: 100, source: "teams" },
      p_reason: "plan",
      p_now: minutes(614),
      p_send_id: `match-${MATCH}-2`,
    });
    strictEqual(opened.request.send_id, `match-${MATCH}-2`);
    const rows = await suite.sql`
      select intent, status::text, generation, send_at_utc from public.schedule_ledger order by intent`;
    deepStrictEqual(rows.map((row) => ({ ...row })), [
      { intent: 1, status: "sent", generation: 1, send_at_utc: minutes(540) },
      { intent: 2, status: "pending", generation: 1, send_at_utc: minutes(541 + 12 * 60) },
    ]);
    strictEqual(
      await act(suite, "undo", minutes(615)),
      "it has caused a call to Braze: use cancel",
    );
  }),
);
