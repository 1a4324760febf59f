import { deepStrictEqual, strictEqual } from "node:assert/strict";
import {
  ledgerRow,
  minutes,
  only,
  openCreate,
  scheduledMatch,
  scheduleRow,
  type Suite,
  withSuite,
} from "./fixtures.ts";
import { look } from "./observing.ts";

const SCHEDULE = "schedule-1001-1";

interface Answer {
  readonly done: boolean;
  readonly refused: string | null;
}

function declare(
  { call }: Suite,
  runId: string,
  changes: Readonly<Record<string, unknown>> = {},
): Promise<Answer> {
  return call("declare_gone", {
    p_match_id: 1001,
    p_reason: "Not in the dashboard",
    p_actor_kind: "operator",
    p_actor_id: "somebody",
    p_run_id: runId,
    p_dry_run: false,
    p_freeze_seconds: 0,
    p_accept_double_push: false,
    p_now: minutes(30),
    ...changes,
  });
}

Deno.test(
  "declare_gone() ends a schedule that two lists lack, records who said so, and leaves the match to the scheduler",
  withSuite(async (suite) => {
    const match = await scheduledMatch(suite);
    await look(suite, minutes(10), [SCHEDULE]);
    await look(suite, minutes(15), ["another"]);
    await look(suite, minutes(20), ["another"]);
    await suite.call("cancel_absent", {
      p_ledger_id: match.ledger_id,
      p_generation: 1,
      p_note: "Not found",
      p_now: minutes(20),
    });
    const dry = await declare(suite, match.runId, { p_dry_run: true });
    deepStrictEqual([dry.done, (await ledgerRow(suite, 1001)).status], [true, "cancelled"]);
    strictEqual((await declare(suite, match.runId)).done, true);
    const { status, cancel_reason } = await ledgerRow(suite, 1001);
    deepStrictEqual([status, cancel_reason], ["pending", null]);
    const action = only(
      await suite.sql`
      select action, actor_id, generation, before ->> 'cancel_reason' as before from public.operator_actions`,
    );
    deepStrictEqual({ ...action }, {
      action: "declare_gone",
      actor_id: "somebody",
      generation: 1,
      before: "dashboard",
    });
    const next = await openCreate(suite, match.runId, 1001, { p_now: minutes(1) });
    strictEqual(next.generation, 2);
  }),
);

Deno.test(
  "declare_gone() asks a person to accept a double push where Braze may still hold the schedule",
  withSuite(async (suite) => {
    const match = await scheduledMatch(suite);
    const { done, refused } = await declare(suite, match.runId);
    deepStrictEqual([done, refused?.includes("accept_double_push")], [false, true]);
    strictEqual(
      (await declare(suite, match.runId, { p_accept_double_push: true })).done,
      true,
    );
    strictEqual((await scheduleRow(suite, match)).state, "deleted");
    const again = await declare(suite, match.runId, { p_accept_double_push: true });
    deepStrictEqual([again.done, again.refused], [
      false,
      "its schedule is deleted already, so the scheduler makes another",
    ]);
    // It was there after all: before a successor is made, it counts as never gone.
    await look(suite, minutes(40), [SCHEDULE]);
    strictEqual((await scheduleRow(suite, match)).state, "live");
  }),
);

for (
  const [what, prepare, changes, refused] of [
    ["of no match", null, { p_match_id: 9 }, /no ledger row/],
    [
      "of a sent match",
      `update public.schedule_ledger set status = 'sent', sent_evidence = 'push', sent_confirmed_at = now()`,
      {},
      /sent already/,
    ],
    [
      "of a match that is cancelled by the plan",
      `update public.schedule_ledger set status = 'cancelled', cancel_reason = 'plan'`,
      {},
      /not in doubt/,
    ],
    ["that is due too soon", null, { p_freeze_seconds: 481 * 60 }, /leaves no time/],
    [
      "that a call is changing",
      `update public.schedule_attempts set outcome = null, closed_at = null`,
      {},
      /under way/,
    ],
  ] as const
) {
  Deno.test(
    `declare_gone() refuses a schedule ${what}`,
    withSuite(async (suite) => {
      const match = await scheduledMatch(suite);
      if (prepare !== null) await suite.sql.unsafe(prepare);
      const answer = await declare(suite, match.runId, { p_accept_double_push: true, ...changes });
      deepStrictEqual([answer.done, refused.test(answer.refused ?? "")], [false, true]);
    }),
  );
}

Deno.test(
  "declare_gone() inside the freeze window leaves the only push that a match can have, unless none is wanted",
  withSuite(async (suite) => {
    const match = await scheduledMatch(suite);
    await suite.sql`update public.braze_schedules set state = 'unknown'`;
    const inFreeze = { p_freeze_seconds: 900, p_now: minutes(526), p_accept_double_push: true };
    const answer = await declare(suite, match.runId, inFreeze);
    deepStrictEqual([answer.done, answer.refused], [
      false,
      "its push is due at 2024-12-07 15:00 UTC, which leaves no time to schedule another: " +
      "if Braze holds it, it goes out",
    ]);
    strictEqual(
      (await declare(suite, match.runId, { ...inFreeze, p_now: minutes(525), p_dry_run: true }))
        .done,
      true,
    );
    await suite.sql`update public.matches set status = 'postponed'`;
    strictEqual((await declare(suite, match.runId, inFreeze)).done, true);
  }),
);

Deno.test(
  "declare_gone() of a push that was due names the verbs for it",
  withSuite(async (suite) => {
    const match = await scheduledMatch(suite);
    const { refused } = await declare(suite, match.runId, { p_now: minutes(541) });
    strictEqual(
      refused,
      "its push was due at 2024-12-07 15:00 UTC: use mark_sent or mark_not_sent",
    );
  }),
);

Deno.test(
  "declare_gone() refuses what the last list shows, whatever a person accepts",
  withSuite(async (suite) => {
    const match = await scheduledMatch(suite);
    await look(suite, minutes(10), [SCHEDULE]);
    const shown = await declare(suite, match.runId, { p_accept_double_push: true });
    strictEqual(shown.refused?.includes("the last list of Braze shows"), true);
    // A list that shows nothing does not show it.
    await look(suite, minutes(20), [], { mode: "empty" });
    strictEqual((await declare(suite, match.runId, { p_accept_double_push: true })).done, true);
  }),
);
