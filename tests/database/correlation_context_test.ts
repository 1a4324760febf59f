import { deepStrictEqual, strictEqual } from "node:assert/strict";
import {
  addMatch,
  CAMPAIGN,
  close,
  createSchedule,
  minutes,
  openCreate,
  startRun,
  type Suite,
  UNKNOWN_ID,
  withSuite,
} from "./fixtures.ts";

interface Context {
  readonly identifiers: readonly { readonly value: string }[];
  readonly attempts: readonly Record<string, unknown>[];
  readonly campaign_ids: readonly string[];
  readonly unmanaged: readonly Record<string, unknown>[];
  readonly ledgers: readonly {
    readonly match_id: number;
    readonly ledger_id: string;
    readonly schedules: readonly Record<string, unknown>[];
  }[];
}

const GUARD_SECONDS = 180;

function ask(
  { call }: Suite,
  { p_times = [], ...args }: Record<string, unknown> & { readonly p_times?: Date[] } = {},
): Promise<Context> {
  return call("correlation_context", {
    p_ledger_ids: [],
    p_match_ids: [],
    p_attempt_ids: [],
    p_campaign_ids: [],
    p_identifiers: [],
    p_times: p_times.map((time) => time.toISOString()),
    p_guard_seconds: GUARD_SECONDS,
    ...args,
  });
}

const instant = (value: unknown) => value === null ? null : new Date(String(value));
const matchesOf = ({ ledgers }: Context) => ledgers.map(({ match_id }) => match_id).sort();

/** Matches 1 to 3, whose sends are an hour apart. */
async function threeMatches(suite: Suite) {
  const runId = await startRun(suite);
  const created = [];
  for (const id of [1, 2, 3]) {
    await addMatch(suite, id);
    created.push(await createSchedule(suite, runId, id, { p_send_at: minutes(60 * id) }));
  }
  return { runId, ledgerIds: created.map(({ ledger_id }) => ledger_id) };
}

Deno.test(
  "correlation_context() returns nothing that was not requested",
  withSuite(async (suite) => {
    await threeMatches(suite);
    const nothing = {
      identifiers: [],
      ledgers: [],
      attempts: [],
      campaign_ids: [],
      unmanaged: [],
    };
    deepStrictEqual(await ask(suite), nothing);
    deepStrictEqual(
      await ask(suite, {
        p_ledger_ids: [UNKNOWN_ID],
        p_match_ids: [99],
        p_attempt_ids: [UNKNOWN_ID],
        p_campaign_ids: ["unknown"],
        p_identifiers: [{ kind: "dispatch_id", value: "unknown" }],
        p_times: [minutes(0)],
      }),
      nothing,
    );
  }),
);

Deno.test(
  "correlation_context() finds ledger rows by echo, by match, by identifier and by time",
  withSuite(async (suite) => {
    const { ledgerIds } = await threeMatches(suite);
    deepStrictEqual(matchesOf(await ask(suite, { p_ledger_ids: [ledgerIds[0]] })), [1]);
    deepStrictEqual(matchesOf(await ask(suite, { p_match_ids: [2, 2] })), [2]);
    deepStrictEqual(matchesOf(await ask(suite, { p_times: [minutes(180)] })), [3]);
    const named = await ask(suite, {
      p_identifiers: [{ kind: "schedule_id", value: "schedule-2-1" }],
    });
    deepStrictEqual(named.identifiers, [{
      kind: "schedule_id",
      value: "schedule-2-1",
      ledger_id: ledgerIds[1],
      generation: 1,
      ambiguous: false,
    }]);
    deepStrictEqual(matchesOf(named), [2]);
    const wrongKind = { kind: "dispatch_id", value: "schedule-2-1" };
    deepStrictEqual(matchesOf(await ask(suite, { p_identifiers: [wrongKind] })), []);
  }),
);

Deno.test(
  "correlation_context() returns each ledger row once, even if several ids select it",
  withSuite(async (suite) => {
    const { ledgerIds } = await threeMatches(suite);
    const context = await ask(suite, {
      p_ledger_ids: [ledgerIds[0], ledgerIds[1]],
      p_match_ids: [1],
      p_identifiers: [{ kind: "schedule_id", value: "schedule-1-1" }],
      p_times: [minutes(60), minutes(61)],
    });
    deepStrictEqual(matchesOf(context), [1, 2]);
  }),
);

Deno.test(
  "correlation_context() searches around a time exactly as far as the guard",
  withSuite(async (suite) => {
    await threeMatches(suite);
    const at = (secondsAway: number) => new Date(minutes(60).getTime() + secondsAway * 1_000);
    for (const away of [-GUARD_SECONDS, GUARD_SECONDS]) {
      deepStrictEqual(matchesOf(await ask(suite, { p_times: [at(away)] })), [1]);
    }
    for (const away of [-GUARD_SECONDS - 1, GUARD_SECONDS + 1]) {
      deepStrictEqual(matchesOf(await ask(suite, { p_times: [at(away)] })), []);
    }
  }),
);

Deno.test(
  "correlation_context() returns when a schedule was deleted or shut out, not when its create was given up",
  withSuite(async (suite) => {
    const runId = await startRun(suite);
    await addMatch(suite, 1);
    const { attempt_id } = await openCreate(suite, runId, 1);
    await close(suite, attempt_id, "unknown");
    await suite.call("declare_gone", {
      p_match_id: 1,
      p_reason: "Not in the dashboard",
      p_actor_kind: "secret_key",
      p_run_id: runId,
      p_dry_run: false,
      p_freeze_seconds: 0,
      p_accept_double_push: false,
      p_now: minutes(1),
    });
    await createSchedule(suite, runId, 1);
    await suite.sql`
      update public.braze_schedules set state = 'deleted', updated_at = ${
      minutes(2)
    }, shut_out_at = ${minutes(3)}
      where generation = 2`;
    const [ledger] = (await ask(suite, { p_match_ids: [1] })).ledgers;
    deepStrictEqual(
      ledger?.schedules.map((
        one,
      ) => [one.state, instant(one.deleted_at), instant(one.shut_out_at)]),
      [["deleted", null, null], ["deleted", minutes(2), minutes(3)]],
    );
  }),
);

Deno.test(
  "correlation_context() finds a schedule at a time that it has left, and returns all its times",
  withSuite(async (suite) => {
    await threeMatches(suite);
    await suite.sql`
      update public.braze_schedules set send_at_utc = ${minutes(90)}, updated_at = ${minutes(1)}
      where send_at_utc = ${minutes(60)}`;
    const context = await ask(suite, { p_times: [minutes(60)] });
    deepStrictEqual(matchesOf(context), [1]);
    deepStrictEqual(context.ledgers[0]?.schedules[0]?.times, [
      { at: "2024-12-07T07:00:00+00:00", left_at: "2024-12-07T06:01:00+00:00" },
      { at: "2024-12-07T07:30:00+00:00", left_at: null },
    ]);
  }),
);

Deno.test(
  "correlation_context() returns the creates of the journal, and no other attempt",
  withSuite(async (suite) => {
    const { runId } = await threeMatches(suite);
    await suite.sql`update public.braze_schedules set state = 'deleted'`;
    const opened = await openCreate(suite, runId, 1);
    const byId = { p_attempt_ids: [opened.attempt_id] };
    deepStrictEqual((await ask(suite, byId)).attempts, [{
      attempt_id: opened.attempt_id,
      ledger_id: opened.ledger_id,
      generation: 2,
    }]);
    await suite.sql`update public.schedule_attempts set kind = 'update'`;
    deepStrictEqual((await ask(suite, byId)).attempts, []);
  }),
);

Deno.test(
  "correlation_context() returns the campaigns that a schedule of ours ever used",
  withSuite(async (suite) => {
    await threeMatches(suite);
    await suite.sql`update public.braze_schedules set state = 'failed'`;
    const { campaign_ids } = await ask(suite, { p_campaign_ids: ["another", CAMPAIGN] });
    deepStrictEqual(campaign_ids, [CAMPAIGN]);
  }),
);

Deno.test(
  "correlation_context() returns schedules near a time that are not ours",
  withSuite(async (suite) => {
    for (const [id, at] of [["near", minutes(63)], ["far", minutes(64)]] as const) {
      await suite.sql`
        insert into private.unmanaged_schedules values (${id}, 'theirs', ${at}, ${minutes(0)}, ${
        minutes(0)
      })`;
    }
    deepStrictEqual((await ask(suite, { p_times: [minutes(60)] })).unmanaged, [
      { campaign_id: "theirs", send_at: "2024-12-07T07:03:00+00:00" },
    ]);
  }),
);

Deno.test(
  "correlation_context() finds a schedule at both times of a move of unknown outcome",
  withSuite(async (suite) => {
    await threeMatches(suite);
    await suite.sql`
      update public.braze_schedules set moving_to_utc = ${minutes(90)}
      where send_at_utc = ${minutes(60)}`;
    deepStrictEqual(matchesOf(await ask(suite, { p_times: [minutes(60)] })), [1]);
    deepStrictEqual(matchesOf(await ask(suite, { p_times: [minutes(90)] })), [1]);
  }),
);

Deno.test(
  "correlation_context() returns every generation, including deleted and unknown ones",
  withSuite(async (suite) => {
    const { runId } = await threeMatches(suite);
    await suite.sql`
      update public.braze_schedules set state = 'deleted' where send_at_utc = ${minutes(60)}`;
    const second = await openCreate(suite, runId, 1, { p_send_at: minutes(300) });
    await close(suite, second.attempt_id, "unknown");
    await suite.sql`
      update public.schedule_ledger set status = 'cancelled', cancel_reason = 'plan'
      where match_id = 1`;
    const { ledgers } = await ask(suite, { p_times: [minutes(60)] });
    strictEqual(ledgers.length, 1);
    deepStrictEqual(
      ledgers[0]?.schedules.map(({ generation, state, campaign_id }) => [
        generation,
        state,
        campaign_id,
      ]),
      [[1, "deleted", CAMPAIGN], [2, "unknown", CAMPAIGN]],
    );
  }),
);

Deno.test(
  "correlation_context() marks an ambiguous identifier",
  withSuite(async (suite) => {
    await threeMatches(suite);
    await suite.sql`update public.schedule_identifiers set ambiguous = true`;
    const { identifiers } = await ask(suite, {
      p_identifiers: [{ kind: "schedule_id", value: "schedule-2-1" }],
    });
    deepStrictEqual(identifiers.map((known) => "ambiguous" in known && known.ambiguous), [true]);
  }),
);
