import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { ledgerRow, minutes, scheduledMatch, type Suite, withSuite } from "./fixtures.ts";
import { look } from "./observing.ts";
import { MATCH } from "./reconciling.ts";
import { act, deleted, kickOff } from "./verbs.ts";

for (
  const [what, deletedAt, refusal] of [
    [
      "deleted inside the freeze",
      minutes(526),
      /schedule 1 was due at 2024-12-07 15:00 UTC and may be sent until a day later/,
    ],
    ["deleted in time", minutes(520), null],
  ] as const
) {
  Deno.test(
    `reschedule() of a match whose schedule is ${what}`,
    withSuite(async (suite) => {
      const { ledger_id, runId } = await scheduledMatch(suite);
      strictEqual(await act(suite, "cancel_push", minutes(10)), null);
      await suite.sql`update public.job_runs set lease_until = ${minutes(600)}`;
      await deleted(suite, runId, ledger_id, deletedAt);
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
  "reschedule() refuses while the schedule is not deleted yet, whatever a person accepts",
  withSuite(async (suite) => {
    const { runId, ledger_id } = await scheduledMatch(suite);
    await suite.sql`update public.job_runs set lease_until = ${minutes(600)}`;
    strictEqual(await act(suite, "cancel_push", minutes(10)), null);
    const refused = "its schedule is not deleted yet: use undo to keep it, " +
      "or wait for the next run of the scheduler";
    strictEqual(await act(suite, "reschedule", minutes(11), true), refused);
    await deleted(suite, runId, ledger_id, minutes(12));
    strictEqual(await act(suite, "reschedule", minutes(13)), null);
  }),
);

Deno.test(
  "reschedule() refuses a match that is held: the scheduler would make nothing",
  withSuite(async (suite) => {
    const { runId, ledger_id } = await scheduledMatch(suite);
    await deleted(suite, runId, ledger_id, minutes(1));
    strictEqual(await act(suite, "cancel_push", minutes(10)), null);
    await suite.sql`
      insert into private.schedule_holds (ledger_id, generation, users, held_at)
      values (${ledger_id}, 1, 10, ${minutes(5)})`;
    match(await act(suite, "reschedule", minutes(11), true) ?? "", /use release$/);
  }),
);

Deno.test(
  "a schedule that a list shows five minutes after its delete is a risk",
  withSuite(async (suite) => {
    const { runId, ledger_id } = await scheduledMatch(suite);
    await deleted(suite, runId, ledger_id, minutes(1));
    strictEqual(await act(suite, "cancel_push", minutes(2)), null);
    const listed = "schedule-1001-1";
    await look(suite, minutes(5), [listed]);
    strictEqual(await act(suite, "reschedule", minutes(7)), null);
    strictEqual(await act(suite, "undo", minutes(8)), null);
    await look(suite, minutes(9), [listed]);
    match(await act(suite, "reschedule", minutes(10)) ?? "", /^the last list of Braze shows/);
  }),
);

Deno.test(
  "a schedule that came back and was deleted again too late is a risk",
  withSuite(async (suite) => {
    const { runId, ledger_id } = await scheduledMatch(suite);
    await suite.sql`update public.job_runs set lease_until = ${minutes(600)}`;
    await suite.sql`
      update public.braze_schedules set state = 'deleted', updated_at = ${minutes(10)}`;
    await suite.sql`
      update public.braze_schedules set state = 'live', updated_at = ${minutes(20)}`;
    strictEqual(await act(suite, "cancel_push", minutes(30)), null);
    await deleted(suite, runId, ledger_id, minutes(530));
    await kickOff(suite, minutes(900));
    match(await act(suite, "reschedule", minutes(531)) ?? "", /may be sent until a day later/);
  }),
);

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
