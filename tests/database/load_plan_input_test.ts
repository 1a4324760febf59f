import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { withRest } from "../support/database.ts";
import {
  addMatch,
  close,
  createSchedule,
  LEASE_SECONDS,
  minutes,
  NOW,
  openCreate,
  startRun,
  type Suite,
  withSuite,
} from "./fixtures.ts";

interface PlanInput {
  readonly matches: readonly {
    readonly match_id: number;
    readonly send_id: string | null;
    readonly ledger: null | Record<string, unknown> & { readonly schedules: unknown[] };
  }[];
  readonly teams: readonly Record<string, unknown>[];
  readonly send_ids_used: number;
}

const DAY = 24 * 60;

function load({ call }: Suite, args: Record<string, unknown> = {}): Promise<PlanInput> {
  return call("load_plan_input", {
    p_from: NOW,
    p_until: minutes(7 * DAY),
    p_now: NOW,
    ...args,
  });
}

async function sendId(
  suite: Suite,
  runId: string,
  matchId: number,
  outcome: "succeeded" | "failed" | "unknown" | null,
  openedAt = NOW,
): Promise<void> {
  const attemptId = crypto.randomUUID();
  await suite.call("open_send_id", {
    p_attempt_id: attemptId,
    p_run_id: runId,
    p_lease_seconds: LEASE_SECONDS,
    p_match_id: matchId,
    p_request: { send_id: `match-${matchId}` },
    p_now: openedAt,
  });
  if (outcome !== null) await close(suite, attemptId, outcome);
}

const idsOf = (input: PlanInput) => input.matches.map(({ match_id }) => match_id);

Deno.test(
  "load_plan_input() returns the matches from the first moment up to the last, soonest first",
  withSuite(async (suite) => {
    await addMatch(suite, 5, { kickoffAt: minutes(60) });
    await addMatch(suite, 3, { kickoffAt: minutes(60) });
    await addMatch(suite, 1, { kickoffAt: minutes(7 * DAY) });
    await addMatch(suite, 2, { kickoffAt: minutes(-1) });
    await addMatch(suite, 4, { kickoffAt: NOW });
    deepStrictEqual(idsOf(await load(suite)), [4, 3, 5]);
    deepStrictEqual(idsOf(await load(suite, { p_match_ids: [5, 1] })), [5]);
  }),
);

Deno.test(
  "load_plan_input() returns a match that was moved out of the window after its push",
  withSuite(async (suite) => {
    await addMatch(suite, 1001);
    await createSchedule(suite, await startRun(suite), 1001);
    await suite.sql`
      update public.schedule_ledger
      set status = 'sent', sent_evidence = 'push', sent_confirmed_at = ${NOW}`;
    await suite.sql`update public.braze_schedules set state = 'completed'`;
    await suite.sql`update public.matches set kickoff_at = ${minutes(30 * DAY)}`;
    deepStrictEqual(idsOf(await load(suite)), [1001]);
    // A person has chosen: it is pushed again when its time is near.
    await suite.sql`update public.schedule_ledger set replaced_at = ${NOW}`;
    deepStrictEqual(idsOf(await load(suite)), []);
  }),
);

Deno.test(
  "load_plan_input() returns a match that was moved out of the window with its schedule pending",
  withSuite(async (suite) => {
    await addMatch(suite, 1001);
    await createSchedule(suite, await startRun(suite), 1001);
    await suite.sql`update public.matches set kickoff_at = ${minutes(30 * DAY)}`;
    deepStrictEqual(idsOf(await load(suite)), [1001]);
    await suite.sql`
      update public.schedule_ledger set status = 'cancelled', cancel_reason = 'plan'`;
    // Braze may still send it, until it is known to be deleted.
    deepStrictEqual(idsOf(await load(suite)), [1001]);
    await suite.sql`update public.braze_schedules set state = 'deleted'`;
    deepStrictEqual(idsOf(await load(suite)), []);
  }),
);

Deno.test(
  "load_plan_input() returns each match with its ledger row and every generation that may exist",
  withSuite(async (suite) => {
    await addMatch(suite, 1001);
    await addMatch(suite, 1002);
    const runId = await startRun(suite);
    const first = await openCreate(suite, runId, 1001);
    await close(suite, first.attempt_id, "failed");
    await createSchedule(suite, runId, 1001, { p_send_id: "send-1" });

    const [match, bare] = (await load(suite)).matches;
    strictEqual(bare?.ledger, null);
    strictEqual(match?.send_id, "send-1");
    deepStrictEqual(
      [match?.ledger?.status, match?.ledger?.generation, match?.ledger?.signature],
      ["pending", 2, "signature"],
    );
    deepStrictEqual(match?.ledger?.schedules, [
      {
        generation: 2,
        campaign_id: "campaign-1",
        gated: false,
        settled: false,
        was_created: true,
        state: "live",
        braze_schedule_id: "schedule-1001-2",
        send_at: "2024-12-07T15:00:00+00:00",
        moving_to: null,
        changed_at: "2024-12-07T06:00:00+00:00",
        delete_failed: false,
      },
    ]);
  }),
);

Deno.test(
  "load_plan_input() returns a send id that was created and not used, and none of unknown outcome",
  withSuite(async (suite) => {
    const runId = await startRun(suite);
    for (const [matchId, outcome] of [[1, "succeeded"], [2, "failed"], [3, "unknown"]] as const) {
      await addMatch(suite, matchId);
      await sendId(suite, runId, matchId, outcome);
    }
    const { matches } = await load(suite);
    deepStrictEqual(matches.map(({ send_id }) => send_id), ["match-1", null, null]);
  }),
);

Deno.test(
  "load_plan_input() counts the send ids of the last 24 hours that Braze may have created",
  withSuite(async (suite) => {
    const runId = await startRun(suite);
    for (
      const [matchId, outcome, openedAt] of [
        [1, "succeeded", NOW],
        [2, "unknown", NOW],
        [3, null, NOW],
        [4, "failed", NOW],
      ] as const
    ) await sendId(suite, runId, matchId, outcome, openedAt);
    strictEqual((await load(suite)).send_ids_used, 3);
    strictEqual((await load(suite, { p_now: minutes(DAY - 1) })).send_ids_used, 3);
    strictEqual((await load(suite, { p_now: minutes(DAY) })).send_ids_used, 0);
  }),
);

Deno.test(
  "load_plan_input() returns the teams with the attribute values of their fans in Braze",
  withSuite(async (suite) => {
    await suite.sql`
      insert into public.teams (name, braze_attribute_value, notify, audience_size, audience_measured_at)
      values ('Arsenal', 'arsenal', false, 12, ${NOW})`;
    deepStrictEqual((await load(suite)).teams, [
      { name: "Arsenal", braze_attribute_value: "arsenal", notify: false, audience_size: 12 },
    ]);
  }),
);

Deno.test(
  "load_plan_input() returns more matches than PostgREST's row limit",
  () =>
    withRest(async ({ sql, service }) => {
      await sql`
        insert into public.matches (id, competition, home_team, away_team, kickoff_at)
        select id, 'Cup', 'Home', 'Away', ${minutes(60)}
        from pg_catalog.generate_series(1, 1500) as id`;
      const { data, error } = await service.rpc("load_plan_input", {
        p_from: NOW.toISOString(),
        p_until: minutes(DAY).toISOString(),
        p_now: NOW.toISOString(),
      });
      strictEqual(error, null);
      const { matches } = data as { matches: unknown[] };
      strictEqual(matches.length, 1500);
    }),
);

Deno.test(
  "load_plan_input() dates a deleted schedule by its delete, whatever a list says later",
  withSuite(async (suite) => {
    await addMatch(suite, 1001, { kickoffAt: minutes(600) });
    const runId = await startRun(suite);
    await createSchedule(suite, runId, 1001);
    const changedAt = async () =>
      ((await load(suite)).matches[0]!.ledger!.schedules[0] as { changed_at: string }).changed_at;
    await suite
      .sql`update public.braze_schedules set state = 'deleted', updated_at = ${minutes(10)}`;
    await suite.sql`update public.braze_schedules set updated_at = ${minutes(590)}`;
    strictEqual(new Date(await changedAt()).getTime(), minutes(10).getTime());
    await suite.sql`update public.braze_schedules set state = 'live', updated_at = ${minutes(591)}`;
    strictEqual(new Date(await changedAt()).getTime(), minutes(591).getTime());
  }),
);
