/** Fixtures as a feed really writes them: half-synced, renamed, called off by mistake, under wrong ids. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import type { Stack } from "../../local/stack/stack.ts";
import {
  addFixture,
  call,
  type FixtureRow,
  ledgerOf,
  liveSchedules,
  openAlerts,
  schedule,
  withSuite,
} from "../support/suite.ts";
import { inDashboard, reach } from "../support/watchers.ts";

const SEND = "users.messages.pushnotification.Send";

const PAIRS = [
  ["Everton", "Liverpool"],
  ["Arsenal", "Chelsea"],
  ["Brentford", "Newcastle"],
  ["Fulham", "Wolves"],
  ["Ipswich", "Leicester"],
] as const;
/** Five matches in the worked example's hour: one run takes off one of them. */
const FIVE: readonly FixtureRow[] = PAIRS.map(([home, away], index) => ({
  id: 1001 + index,
  home,
  away,
  kickoffAt: "2024-12-07T15:00:00Z",
}));
const IDS = FIVE.map(({ id }) => id);

function withFive(test: (stack: Stack) => Promise<void>, gate?: "fail_closed") {
  return () =>
    withSuite({
      fixtures: FIVE,
      sandbox: {
        users: { count: 150 },
        ...(gate === undefined ? {} : { switches: { sendGate: gate } }),
      },
      ...(gate === undefined ? {} : { env: { SEND_GATE: gate } }),
    }, async (stack) => {
      await schedule(stack);
      await test(stack);
    });
}

const ids = (stack: Stack) => IDS.flatMap((id) => liveSchedules(stack, id).map((one) => one.id));

/** The matches of which a user got a push. */
function pushed({ sandbox }: Stack): number[] {
  const entries = sandbox.model.groundTruth.entries.filter(({ type }) => type === SEND);
  return [...new Set(entries.map(({ triggerProperties }) => Number(triggerProperties.match_id)))]
    .sort((a, b) => a - b);
}

async function openRules({ sql }: Stack): Promise<string[]> {
  const rows = await sql<{ rule: string }[]>`
    select distinct rule from public.alerts where resolved_at is null order by rule`;
  return rows.map(({ rule }) => rule);
}

const callOff = ({ sql, timeline }: Stack) =>
  sql`update public.matches set status = 'postponed', updated_at = ${timeline.now()}`;

Deno.test(
  "matches that are all called off by mistake keep their schedules, a person is told, and the holds end with the mistake",
  withFive(async (stack) => {
    const before = ids(stack);
    await callOff(stack);
    deepStrictEqual((await schedule(stack)).skipped, { removal_held: 5 });
    deepStrictEqual((await schedule(stack)).skipped, { removal_held: 5 });
    deepStrictEqual(ids(stack), before);
    deepStrictEqual(await openRules(stack), ["removals_held"]);
    const text = stack.alerts.messages[0]?.text ?? "";
    ok(text.includes("5 matches taken off at once"), text);
    ok(text.includes("Match 1002 Arsenal–Chelsea"), text);

    await stack.sql`update public.matches set status = 'scheduled'`;
    deepStrictEqual((await schedule(stack)).skipped, { unchanged: 5 });
    deepStrictEqual(await openRules(stack), []);
    deepStrictEqual(ids(stack), before);
    deepStrictEqual([...await stack.sql`select 1 from private.held_changes`], []);
  }),
);

Deno.test(
  "held removals are carried out for the matches that a person names, in the run that this starts",
  withFive(async (stack) => {
    await callOff(stack);
    await schedule(stack);
    const { body } = await call(stack, "braze-scheduler", {
      confirm_removals: { match_ids: [1001, 1002, 77], reason: "Storm" },
    });
    deepStrictEqual(body.done, { cancelled: 2 });
    const told = body.verbs.map(({ match_id, refused }: Record<string, unknown>) => [
      match_id,
      refused,
    ]);
    deepStrictEqual(told, [[1001, null], [1002, null], [77, "nothing of this match is held"]]);
    deepStrictEqual(IDS.filter((id) => liveSchedules(stack, id).length === 1), [1003, 1004, 1005]);
    // Three of three pending ones are still too many.
    deepStrictEqual((await schedule(stack)).skipped, { cancelled: 2, removal_held: 3 });
    deepStrictEqual(await openRules(stack), ["removals_held"]);
  }),
);

Deno.test(
  "behind a closed gate held matches are pushed as planned, even if the scheduler has not seen that they are off",
  withFive(async (stack) => {
    await reach(stack, "13:58");
    await callOff(stack);
    await reach(stack, "14:02");
    await schedule(stack);
    await reach(stack, "14:30");
    deepStrictEqual(pushed(stack), IDS);
  }, "fail_closed"),
);

Deno.test(
  "a push that went out while its removal was held is a harm that time does not close",
  withFive(async (stack) => {
    await callOff(stack);
    await schedule(stack);
    await reach(stack, "14:04");
    deepStrictEqual(pushed(stack), IDS);
    await call(stack, "braze-preflight-check");
    deepStrictEqual(await openAlerts(stack, 1002), ["push_unwanted"]);
    await stack.advanceTo(new Date("2024-12-09T06:00:00Z"));
    await schedule(stack);
    deepStrictEqual(await openRules(stack), ["push_unwanted"]);
    const harms = await stack.sql<{ title: string }[]>`
      select title from public.alerts where rule = 'push_unwanted'`;
    strictEqual(harms.length, 5);
    ok(harms.every(({ title }) => title.includes("the match was postponed at 2024-12-07 06:00")));
  }),
);

Deno.test(
  "a push that a stopped campaign kept back is no harm, although its match was called off too late to take it off",
  withFive(async (stack) => {
    await inDashboard(stack, "campaign", { state: "stopped" });
    await reach(stack, "13:59");
    await callOff(stack);
    await reach(stack, "14:30");
    await schedule(stack);
    await call(stack, "braze-preflight-check");
    deepStrictEqual(pushed(stack), []);
    ok(!(await openRules(stack)).includes("push_unwanted"));
  }),
);

Deno.test(
  "one match that is called off is taken off by the next run, and a switched-off push, too",
  withFive(async (stack) => {
    await stack.sql`update public.matches set status = 'postponed' where id = 1001`;
    deepStrictEqual((await schedule(stack)).done, { cancelled: 1 });
    await stack.sql`update public.matches set push = false where id = 1002`;
    deepStrictEqual((await schedule(stack)).done, { cancelled: 1 });
    deepStrictEqual(await openRules(stack), []);
    await stack.sql`update public.matches set push = true where id = 1002`;
    deepStrictEqual((await schedule(stack)).done, { created: 1 });
  }),
);

Deno.test(
  "a club that is renamed in two steps keeps its schedule between them, and is pushed once",
  withFive(async (stack) => {
    const [before] = liveSchedules(stack, 1003);
    await stack.sql`update public.teams set name = 'Newcastle United' where name = 'Newcastle'`;
    deepStrictEqual((await schedule(stack)).skipped, { unchanged: 5 });
    strictEqual(liveSchedules(stack, 1003)[0]?.id, before?.id);
    const [alert] = await stack.sql`select title from public.alerts where rule = 'unknown_team'`;
    ok(String(alert?.title).includes('is it "Newcastle United"?'), String(alert?.title));

    await stack.sql`update public.matches set away_team = 'Newcastle United' where id = 1003`;
    deepStrictEqual((await schedule(stack)).done, { recreated: 1 });
    // A new name with the same value is the same team.
    deepStrictEqual(await openRules(stack), []);
    await reach(stack, "14:30");
    strictEqual((await ledgerOf(stack, 1003)).status, "sent");
  }),
);

Deno.test(
  "an empty teams table deletes and remakes nothing, and moves what moves",
  withFive(async (stack) => {
    const before = ids(stack);
    const teams = await stack.sql`delete from public.teams returning *`;
    await stack.sql`update public.matches set kickoff_at = '2024-12-07T17:30:00Z' where id = 1002`;
    const { done, skipped } = await schedule(stack);
    deepStrictEqual([done, skipped], [{ moved: 1 }, { unknown_team: 4 }]);
    deepStrictEqual(ids(stack), before);
    deepStrictEqual(await openRules(stack), ["teams_empty", "unknown_team"]);
    await stack.sql`insert into public.teams ${stack.sql([...teams])}`;
    deepStrictEqual((await schedule(stack)).skipped, { unchanged: 5 });
    deepStrictEqual(await openRules(stack), []);
  }),
);

Deno.test(
  "a text that changes for all matches at once is held, while their new times are applied",
  withFive(async (stack) => {
    await stack.sql`
      update public.matches set trigger_properties = '{"title": "?"}', kickoff_at = case
        when id = 1005 then timestamptz '2024-12-07T18:00:00Z' else kickoff_at
      end`;
    const { done, skipped } = await schedule(stack);
    deepStrictEqual([done, skipped], [{ moved: 1 }, { remake_held: 4 }]);
    deepStrictEqual(await openRules(stack), ["remakes_held"]);
    const { body } = await call(stack, "braze-scheduler", {
      confirm_removals: { match_ids: IDS, reason: "The new season's texts" },
    });
    deepStrictEqual(body.done, { recreated: 5 });
    await schedule(stack);
    deepStrictEqual(await openRules(stack), []);
  }),
);

Deno.test(
  "trigger properties over Braze's limit cost that match its push, and no other match anything",
  () =>
    withSuite({ fixtures: FIVE, sandbox: { users: { count: 20 } } }, async (stack) => {
      await stack.sql`
        update public.matches set trigger_properties = jsonb_build_object('a', repeat('ü', 25000))
        where id = 1003`;
      const { outcome, done, skipped } = await schedule(stack);
      deepStrictEqual([outcome, done, skipped], [
        "succeeded",
        { created: 4 },
        { properties_too_large: 1 },
      ]);
      deepStrictEqual(await openAlerts(stack, 1003), ["properties_too_large"]);
      deepStrictEqual(
        [...await stack.sql`select 1 from public.schedule_attempts where match_id = 1003`],
        [],
      );
      // As large as the plan allows is small enough for Braze.
      await stack.sql`
        update public.matches set trigger_properties = jsonb_build_object('a', repeat('x', 48850))
        where id = 1003`;
      deepStrictEqual((await schedule(stack)).done, { created: 1 });
    }),
);

Deno.test(
  "ids that two matches swap make both schedules again, each for the match that it names",
  withFive(async (stack) => {
    await stack.sql`update private.settings set remakes_max = 2, remake_share_max = 0.5`;
    await stack.sql`
      update public.matches as match
      set home_team = other.home_team, away_team = other.away_team
      from public.matches as other
      where (match.id, other.id) in ((1001, 1002), (1002, 1001))`;
    deepStrictEqual((await schedule(stack)).done, { recreated: 2 });
    deepStrictEqual(await openAlerts(stack, 1001), ["match_id_reused"]);
    const [first] = liveSchedules(stack, 1001);
    strictEqual(first?.triggerProperties.home_team, "Arsenal");
    await schedule(stack);
    deepStrictEqual(await openRules(stack), []);
  }),
);

Deno.test(
  "an id that was pushed and is another match now is told as long as it stands",
  withFive(async (stack) => {
    await reach(stack, "14:30");
    await stack.sql`
      update public.matches
      set home_team = 'Fulham', away_team = 'Wolves', kickoff_at = '2024-12-08T17:30:00Z'
      where id = 1001`;
    for (let run = 0; run < 2; run++) {
      strictEqual((await schedule(stack)).skipped.match_id_reused, 1);
      deepStrictEqual(await openAlerts(stack, 1001), ["match_id_reused"]);
    }
  }),
);

Deno.test(
  "a kick-off that is not confirmed any more keeps the schedule, and one that never was gets none",
  withFive(async (stack) => {
    await addFixture(stack, {
      id: 1006,
      home: "Fulham",
      away: "Chelsea",
      kickoffAt: "2024-12-08T00:00:00Z",
    });
    await stack.sql`
      update public.matches set kickoff_confirmed = false, kickoff_at = '2024-12-08T00:00:00Z'
      where id in (1001, 1006)`;
    const { skipped } = await schedule(stack);
    deepStrictEqual(skipped, { kickoff_unconfirmed: 2, unchanged: 4 });
    strictEqual(liveSchedules(stack, 1001)[0]?.sendAt.toISOString(), "2024-12-07T14:00:00.000Z");
    deepStrictEqual(liveSchedules(stack, 1006), []);
    const severities = async () => {
      const rows = await stack.sql<{ match_id: string; severity: string }[]>`
        select match_id, severity from public.alerts
        where rule = 'kickoff_unconfirmed' and resolved_at is null order by match_id`;
      return rows.map(({ match_id, severity }) => [Number(match_id), severity]);
    };
    deepStrictEqual(await severities(), [[1001, "warning"], [1006, "warning"]]);
    await reach(stack, "20:00");
    await schedule(stack);
    deepStrictEqual((await severities()).at(-1), [1006, "critical"]);

    await stack.sql`
      update public.matches set kickoff_confirmed = true, kickoff_at = '2024-12-08T15:00:00Z'
      where id = 1006`;
    deepStrictEqual((await schedule(stack)).done, { created: 1 });
  }),
);

Deno.test(
  "a match that the feed lists twice is told with both ids before its push",
  withFive(async (stack) => {
    await addFixture(stack, {
      id: 777_002,
      home: "Arsenal",
      away: "Chelsea",
      kickoffAt: "2024-12-07T15:15:00Z",
    });
    await schedule(stack);
    deepStrictEqual(await openAlerts(stack, 777_002), ["same_fixture_twice"]);
    await stack.sql`update public.matches set push = false where id = 777002`;
    await schedule(stack);
    deepStrictEqual(await openRules(stack), []);
    deepStrictEqual(liveSchedules(stack, 777_002), []);
  }),
);

Deno.test(
  "a match that was pushed under two ids stays a harm after both are over, until a person closes it",
  withFive(async (stack) => {
    await addFixture(stack, {
      id: 777_002,
      home: "Arsenal",
      away: "Chelsea",
      kickoffAt: "2024-12-07T15:15:00Z",
    });
    await schedule(stack);
    await reach(stack, "14:40");
    await stack.sql`update public.matches set status = 'finished' where id in (1002, 777002)`;
    await schedule(stack);
    await call(stack, "braze-preflight-check");
    const [harm, ...others] = await stack.sql`
      select fingerprint, kind from public.alerts where rule = 'double_push' and resolved_at is null`;
    deepStrictEqual([{ ...harm }, others], [
      { fingerprint: "double_push:1002:777002", kind: "harm" },
      [],
    ]);
    await call(stack, "braze-reconcile");
    deepStrictEqual(await openRules(stack), ["double_push"], "no other check closes it");
    const entry = { fingerprint: "double_push:1002:777002", reason: "Support is informed" };
    await call(stack, "braze-scheduler", { resolve: [entry] });
    await call(stack, "braze-preflight-check");
    deepStrictEqual(await openRules(stack), []);
  }),
);

Deno.test(
  "a kick-off that moves 17 minutes before its push is applied by a run of pg_cron, which wakes late",
  withFive(async (stack) => {
    await stack.sql`
      select cron.schedule('braze-scheduler', planned.schedule,
        $$select private.invoke_function('braze-scheduler', now())$$)
      from private.job_periods as planned where planned.function_name = 'braze-scheduler'`;
    await reach(stack, "13:43");
    await stack.sql`update public.matches set kickoff_at = '2024-12-07T17:30:00Z' where id = 1002`;
    await reach(stack, "14:00");
    strictEqual(liveSchedules(stack, 1002)[0]?.sendAt.toISOString(), "2024-12-07T16:30:00.000Z");
    deepStrictEqual(await openAlerts(stack, 1002), []);
    const late = await stack.sql`
      select 1 from public.job_runs
      where caller = 'cron' and started_at not between scheduled_at + interval '100 ms' and scheduled_at + interval '1 s'`;
    deepStrictEqual([...late], []);
  }),
);
