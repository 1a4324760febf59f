import { deepStrictEqual, match as matches, strictEqual } from "node:assert/strict";
import { ingest, proving } from "./events.ts";
import {
  answered,
  close,
  createSchedule,
  minutes,
  openCreate,
  type OpenedCreate,
  scheduledMatch,
  type Suite,
  withSuite,
} from "./fixtures.ts";
import { alerts } from "./unexpected_sends.ts";

const FREEZE_SECONDS = 900;
const SEEN_AT = minutes(541);

/** The first schedule was due at minute 540 and is deleted; the second is due at minute 700. */
async function replaced(suite: Suite, expected = 1_000) {
  const match = await scheduledMatch(suite);
  await suite.sql`update public.braze_schedules set state = 'deleted'`;
  const next = await createSchedule(suite, match.runId, 1001, {
    p_send_at: minutes(700),
    p_expected: { count: expected, min: expected, max: expected, source: "teams" },
  });
  return { match, next };
}

async function see(
  suite: Suite,
  { ledger_id }: OpenedCreate,
  users: number,
  fields: Readonly<Record<string, unknown>> = {},
) {
  await ingest(suite, {
    events: Array.from(
      { length: users },
      (_, index) =>
        proving(crypto.randomUUID(), { ledger_id, generation: 1 }, {
          sent_at: SEEN_AT,
          external_user_id: `user-${index}`,
          device_id: `device-${index}`,
          ...fields,
        }),
    ),
    now: SEEN_AT,
  });
}

async function hold({ call, sql }: Suite, args = {}): Promise<number[]> {
  await call("hold_successors", {
    p_gated: false,
    p_freeze_seconds: FREEZE_SECONDS,
    p_now: minutes(545),
    ...args,
  });
  const rows = await sql`
    select generation from private.schedule_holds where released_at is null order by generation`;
  return rows.map(({ generation }) => generation);
}

function release({ call }: Suite, runId: string, args = {}) {
  return call<{ done: boolean; refused: string | null }>("release_hold", {
    p_match_id: 1001,
    p_reason: "They need the new time",
    p_actor_kind: "operator",
    p_actor_id: "operator-1",
    p_run_id: runId,
    p_dry_run: false,
    p_now: minutes(550),
    p_freeze_seconds: FREEZE_SECONDS,
    p_lead_seconds: 3_600,
    ...args,
  });
}

Deno.test(
  "hold_successors() holds a match of which an old schedule was sent to ten users, and raises a harm once",
  withSuite(async (suite) => {
    const { match } = await replaced(suite);
    deepStrictEqual(await hold(suite), []);
    await see(suite, match, 10);
    deepStrictEqual(await hold(suite), [1]);
    await hold(suite, { p_now: minutes(550) });
    const held = (await alerts(suite)).filter(({ fingerprint }) =>
      fingerprint === "push_held:1001:1"
    );
    deepStrictEqual(held, [{
      fingerprint: "push_held:1001:1",
      kind: "harm",
      severity: "critical",
      title:
        "Match 1001 Home 1001–Away 1001: schedule 1 was sent to 10 users although schedule 2 had replaced it; that one is held, due 2024-12-07 17:40 UTC",
      occurrences: 1,
      match_id: 1001,
      is_open: true,
    }]);
  }),
);

for (
  const [what, users, expected, fields, holds] of [
    ["nine users of a thousand", 9, 1_000, {}, false],
    ["one user, even if few are expected", 1, 20, {}, false],
    ["two users of two hundred", 2, 200, {}, true],
    ["two users of two hundred and one", 2, 201, {}, false],
    ["ten events of one user", 10, 1_000, { external_user_id: "user-1" }, false],
    ["ten users who opened it", 10, 1_000, { event_type: "open" }, false],
    ["ten users by the webhook channel", 10, 1_000, { channel: "webhook" }, false],
    ["ten users without an echo", 10, 1_000, { correlation_method: "schedule_id" }, false],
    ["ten users of another campaign", 10, 1_000, { campaign_id: "campaign-2" }, false],
    ["ten users without a campaign", 10, 1_000, { campaign_id: null }, false],
    ["ten users outside its window", 10, 1_000, { timing: "late", proof: null }, false],
  ] as const
) {
  Deno.test(
    `hold_successors() ${holds ? "holds" : "does not hold"} a match for ${what}`,
    withSuite(async (suite) => {
      const { match } = await replaced(suite, expected);
      await see(suite, match, users, fields);
      deepStrictEqual(await hold(suite), holds ? [1] : []);
    }),
  );
}

for (
  const [what, args, update, holds] of [
    ["inside the freeze", { p_now: minutes(686) }, "", false],
    ["inside the freeze with a gate", { p_now: minutes(686), p_gated: true }, "gated = true", true],
    [
      "inside the freeze with a gate, but without a token",
      {
        p_now: minutes(686),
        p_gated: true,
      },
      "gated = false",
      false,
    ],
    ["just before the freeze", { p_now: minutes(685) }, "", true],
    ["after its time", { p_now: minutes(701), p_gated: true }, "gated = true", false],
    ["whose schedule is gone", {}, "state = 'deleted'", false],
    [
      "that may be sent earlier by a move",
      {
        p_now: minutes(600),
      },
      "moving_to_utc = '2024-12-07T16:10:00Z'",
      false,
    ],
  ] as const
) {
  Deno.test(
    `hold_successors() ${holds ? "holds" : "does not hold"} a match ${what}`,
    withSuite(async (suite) => {
      const { match } = await replaced(suite);
      await see(suite, match, 10);
      if (update !== "") {
        await suite.sql.unsafe(
          `update public.braze_schedules set ${update} where generation = 2`,
        );
      }
      deepStrictEqual(await hold(suite, args), holds ? [1] : []);
    }),
  );
}

Deno.test(
  "release_hold() lets the push go, closes the harm, and is not held for the same schedule again",
  withSuite(async (suite) => {
    const { match } = await replaced(suite);
    strictEqual((await release(suite, match.runId)).refused, "it is not held");
    await see(suite, match, 10);
    await hold(suite);
    strictEqual((await release(suite, match.runId, { p_dry_run: true })).done, true);
    deepStrictEqual(await hold(suite), [1], "a dry run changes nothing");

    strictEqual((await release(suite, match.runId)).done, true);
    deepStrictEqual(await hold(suite), []);
    const harm = (await alerts(suite)).find(({ fingerprint }) =>
      fingerprint === "push_held:1001:1"
    );
    strictEqual(harm?.is_open, false);
    const [action] = await suite.sql`
      select action, match_id::int, generation, actor_id, reason, before from public.operator_actions`;
    deepStrictEqual({ ...action }, {
      action: "release",
      match_id: 1001,
      generation: 2,
      actor_id: "operator-1",
      reason: "They need the new time",
      before: { held_for: [1] },
    });
  }),
);

Deno.test(
  "release_hold() refuses where nothing can go out any more",
  withSuite(async (suite) => {
    const { match } = await replaced(suite);
    await see(suite, match, 10);
    await hold(suite);
    const refused = async (now: Date) =>
      (await release(suite, match.runId, { p_now: now, p_dry_run: true })).refused;
    // The match of the second schedule.
    await suite.sql`update public.matches set kickoff_at = ${minutes(760)} where id = 1001`;
    strictEqual(await refused(minutes(705)), null, "late, but before kick-off");
    matches((await refused(minutes(760))) ?? "", /^its match has begun/);
    await suite.sql`update public.braze_schedules set state = 'deleted' where generation = 2`;
    strictEqual(await refused(minutes(685)), null);
    matches((await refused(minutes(686))) ?? "", /no time is left to make another/);
  }),
);

Deno.test(
  "load_gate_facts() and load_plan_input() say that a match is held",
  withSuite(async (suite) => {
    const { match, next } = await replaced(suite);
    await see(suite, match, 10);
    const isHeld = async () => {
      const facts = await suite.call<{ is_held: boolean }>("load_gate_facts", {
        p_ledger_id: next.ledger_id,
        p_generation: 2,
        p_attempt_id: next.attempt_id,
      });
      const { matches } = await suite.call<{ matches: { ledger: { is_held: boolean } }[] }>(
        "load_plan_input",
        { p_from: minutes(0), p_until: minutes(2_000), p_now: minutes(545) },
      );
      return [facts.is_held, matches[0]?.ledger.is_held];
    };
    deepStrictEqual(await isHeld(), [false, false]);
    await hold(suite);
    deepStrictEqual(await isHeld(), [true, true]);
    await release(suite, match.runId);
    deepStrictEqual(await isHeld(), [false, false]);
  }),
);

Deno.test(
  "declare_gone() settles schedules without a clear answer, so that the next run creates another",
  withSuite(async (suite) => {
    const target = await scheduledMatch(suite);
    const declare = (args = {}) =>
      suite.call<{ done: boolean; refused: string | null }>("declare_gone", {
        p_match_id: 1001,
        p_reason: "Not in the dashboard",
        p_actor_kind: "secret_key",
        p_run_id: target.runId,
        p_dry_run: false,
        p_freeze_seconds: 0,
        p_accept_double_push: false,
        p_now: minutes(20),
        ...args,
      });
    const refused = async (args = {}) => (await declare(args)).refused;
    strictEqual(await refused({ p_match_id: 9 }), "there is no ledger row of this match");
    matches((await refused()) ?? "", /Braze may still hold its schedule/);
    await suite.sql`update public.braze_schedules set state = 'unknown', listed_at = ${
      minutes(10)
    }`;
    strictEqual(
      await refused(),
      "Braze listed it in the last 15 minutes (accept_double_push overrides this)",
    );
    strictEqual(await refused({ p_now: minutes(26), p_dry_run: true }), null);
    strictEqual(
      await refused({ p_now: minutes(540) }),
      "its time has come, so it may have been sent (accept_double_push overrides this)",
    );
    strictEqual(await refused({ p_accept_double_push: true, p_dry_run: true }), null);
    const [unchanged] = await suite.sql`select state from public.braze_schedules`;
    strictEqual(unchanged?.state, "unknown");

    strictEqual((await declare({ p_now: minutes(30) })).done, true);
    strictEqual((await openCreate(suite, target.runId, 1001)).generation, 2);
    const [action] = await suite.sql`select action, before, details from public.operator_actions`;
    deepStrictEqual({ ...action }, {
      action: "declare_gone",
      before: {
        status: "pending",
        cancel_reason: null,
        doubt: null,
        schedules: [{ generation: 1, state: "unknown", braze_schedule_id: "schedule-1001-1" }],
      },
      details: { accept_double_push: false },
    });
    strictEqual(await refused(), "a call to Braze about it is under way");
  }),
);

Deno.test(
  "declare_gone() resolves an unknown create, whose late answer then counts for nothing",
  withSuite(async (suite) => {
    const { match } = await replaced(suite);
    await suite.sql`update public.braze_schedules set state = 'deleted'`;
    const opened = await openCreate(suite, match.runId, 1001);
    await close(suite, opened.attempt_id, "unknown");
    await suite.call("declare_gone", {
      p_match_id: 1001,
      p_reason: "Not there",
      p_actor_kind: "secret_key",
      p_run_id: match.runId,
      p_dry_run: false,
      p_freeze_seconds: 0,
      p_accept_double_push: false,
      p_now: minutes(20),
    });
    await close(suite, opened.attempt_id, "succeeded", answered("late"));
    const [row] = await suite.sql`
      select attempt.resolved_as, schedule.state from public.schedule_attempts as attempt
      join public.braze_schedules as schedule using (ledger_id, generation)
      where attempt.id = ${opened.attempt_id}`;
    deepStrictEqual({ ...row }, { resolved_as: "released", state: "deleted" });
  }),
);
