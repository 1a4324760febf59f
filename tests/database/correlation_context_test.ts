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
    p_identifiers: [],
    p_times: p_times.map((time) => time.toISOString()),
    p_guard_seconds: GUARD_SECONDS,
    ...args,
  });
}

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
    deepStrictEqual(await ask(suite), { identifiers: [], ledgers: [] });
    deepStrictEqual(
      await ask(suite, {
        p_ledger_ids: [UNKNOWN_ID],
        p_match_ids: [99],
        p_identifiers: [{ kind: "dispatch_id", value: "unknown" }],
        p_times: [minutes(0)],
      }),
      { identifiers: [], ledgers: [] },
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
