import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { ledgerRow, minutes, scheduledMatch, type Suite, withSuite } from "./fixtures.ts";
import { MATCH } from "./reconciling.ts";
import { act, deleted, kickOff } from "./verbs.ts";

for (
  const [what, deletedAt, refusal] of [
    [
      "still there",
      null,
      /schedule 1 was due at 2024-12-07T15:00:00Z and may be sent until a day later/,
    ],
    ["deleted inside the freeze", minutes(526), /may be sent until a day later/],
    ["deleted in time", minutes(520), null],
  ] as const
) {
  Deno.test(
    `reschedule() of a match whose schedule is ${what}`,
    withSuite(async (suite) => {
      const { ledger_id, runId } = await scheduledMatch(suite);
      strictEqual(await act(suite, "cancel_push", minutes(10)), null);
      await suite.sql`update public.job_runs set lease_until = ${minutes(600)}`;
      if (deletedAt !== null) await deleted(suite, runId, ledger_id, deletedAt);
      await kickOff(suite, minutes(900));
      const refused = await act(suite, "reschedule", minutes(530));
      if (refusal === null) strictEqual(refused, null);
      else {
        match(refused ?? "", refusal);
        match(refused ?? "", /\(accept_double_push overrides this\)$/);
        strictEqual(await act(suite, "reschedule", minutes(530), true), null);
        const [action] = await suite.sql`
          select details from public.operator_actions where action = 'reschedule'`;
        deepStrictEqual(action?.details, { accept_double_push: true });
      }
      const { status, cancel_reason } = await ledgerRow(suite, MATCH);
      deepStrictEqual([status, cancel_reason], ["cancelled", "plan"]);
    }),
  );
}

Deno.test(
  "a schedule that the last list shows is a risk, also after its window, and one that the gate shuts out is none",
  withSuite(async (suite) => {
    const { braze_schedule_id } = await withScheduleId(suite);
    strictEqual(await act(suite, "cancel_push", minutes(10)), null);
    await suite.sql`
      insert into private.listed_schedules (campaign_id, braze_schedule_id, shown_from)
      values ('campaign-1', ${braze_schedule_id}, ${minutes(5)})`;
    const nextDay = minutes(540 + 25 * 60);
    await kickOff(suite, minutes(540 + 48 * 60));
    strictEqual(
      await act(suite, "reschedule", nextDay),
      "the last list of Braze shows its schedule 1 (accept_double_push overrides this)",
    );
    await suite.sql`update public.braze_schedules set shut_out_at = ${minutes(20)}`;
    strictEqual(await act(suite, "reschedule", nextDay), null);
  }),
);

async function withScheduleId(suite: Suite): Promise<{ braze_schedule_id: string }> {
  await scheduledMatch(suite);
  const [row] = await suite.sql<{ braze_schedule_id: string }[]>`
    select braze_schedule_id from public.braze_schedules`;
  if (row === undefined) throw new Error("Cannot find the schedule: none was made");
  return row;
}

Deno.test(
  "reschedule() and push_again() refuse what other verbs are for, what is not wanted, and what is too late",
  withSuite(async (suite) => {
    const { runId, ledger_id } = await scheduledMatch(suite);
    strictEqual(
      await act(suite, "reschedule", minutes(10)),
      "it has a schedule: use declare_gone if Braze does not hold it",
    );
    strictEqual(
      await act(suite, "push_again", minutes(10)),
      "its push is not known to be sent: use mark_sent first, or declare_gone",
    );
    await deleted(suite, runId, ledger_id, minutes(1));
    strictEqual(await act(suite, "cancel_push", minutes(10)), null);
    strictEqual(await act(suite, "push_again", minutes(10)), "it was not pushed: use reschedule");
    match(await act(suite, "reschedule", minutes(526)) ?? "", /leaves no time to schedule another/);
    await suite.sql`update public.matches set push = false`;
    strictEqual(
      await act(suite, "reschedule", minutes(10)),
      "matches say that no push is wanted",
    );
  }),
);
