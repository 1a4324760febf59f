/**
 * Kills the scheduler after each distinct call it makes, in each kind of step.
 *
 * The runs that follow must leave at most one live schedule of the match. Either it is the wanted one, or an open alert
 * says that its state is unknown.
 */
import { ok, strictEqual } from "node:assert/strict";
import { addDays, addMinutes } from "date-fns";
import { createHandler } from "../../supabase/functions/braze-scheduler/handler.ts";
import type { Stack } from "../../local/stack/stack.ts";
import { killable } from "../support/killable_function.ts";
import { withSuite } from "../support/suite.ts";

const START = new Date("2024-12-01T06:00:00Z");
const MINUTES_PAST_A_LEASE = 5;
/** More calls than any step makes: a loop that never ends without being killed must not hang the test. */
const CALLS_MAX = 40;

interface Scenario {
  /** Changes the fixture so that the killed run has to act. */
  readonly change: (stack: Stack, matchId: number) => Promise<unknown>;
  readonly isScheduledFirst: boolean;
  readonly isWanted: boolean;
}

const scenarios: Record<string, Scenario> = {
  "a create": { change: () => Promise.resolve(), isScheduledFirst: false, isWanted: true },
  "a move": {
    change: ({ sql }, matchId) =>
      sql`update public.matches set kickoff_at = kickoff_at + interval '1 hour' where id = ${matchId}`,
    isScheduledFirst: true,
    isWanted: true,
  },
  "a recreate": {
    change: ({ sql }, matchId) =>
      sql`update public.matches set trigger_properties = '{"venue": "moved"}' where id = ${matchId}`,
    isScheduledFirst: true,
    isWanted: true,
  },
  "a cancel": {
    change: ({ sql }, matchId) =>
      sql`update public.matches set status = 'postponed' where id = ${matchId}`,
    isScheduledFirst: true,
    isWanted: false,
  },
};

for (const [name, scenario] of Object.entries(scenarios)) {
  Deno.test(`${name} killed after any call never leaves two live schedules`, () =>
    withSuite({ clock: START, sandbox: { users: { count: 20 } } }, async (stack) => {
      await stack.sql`
          insert into public.teams (name, braze_attribute_value)
          values ('Arsenal', 'Arsenal'), ('Chelsea', 'Chelsea')`;
      let deaths = 0;
      for (let call = 1; call <= CALLS_MAX; call++) {
        if (!await killAndRecover(stack, scenario, 1_000 + call, call)) break;
        deaths++;
      }
      ok(deaths >= 6, `killed ${deaths} times`);
      ok(deaths < CALLS_MAX, "the run ends by itself when it is not killed");
    }));
}

/** False when the run made fewer calls and was not killed. */
async function killAndRecover(
  stack: Stack,
  scenario: Scenario,
  matchId: number,
  deadlyCall: number,
): Promise<boolean> {
  await stack.sql`
    insert into public.matches (id, competition, home_team, away_team, kickoff_at)
    values (${matchId}, 'Premier League', 'Arsenal', 'Chelsea', ${
    addDays(stack.timeline.now(), 3)
  })`;
  if (scenario.isScheduledFirst) await runScheduler(stack, matchId);
  await scenario.change(stack, matchId);

  const victim = killable(stack, "braze-scheduler", createHandler, deadlyCall);
  const wasKilled = await Promise.race([
    victim.died.then(() => true),
    victim.handle(request(stack, matchId)).then(() => false),
  ]);
  await stack.advanceTo(addMinutes(stack.timeline.now(), MINUTES_PAST_A_LEASE));
  await runScheduler(stack, matchId);
  await stack.advanceTo(addMinutes(stack.timeline.now(), MINUTES_PAST_A_LEASE));
  await runScheduler(stack, matchId);
  await verify(
    stack,
    scenario,
    matchId,
    wasKilled ? `killed after call ${deadlyCall}` : "not killed",
  );
  return wasKilled;
}

async function verify(stack: Stack, scenario: Scenario, matchId: number, circumstance: string) {
  const live = stack.sandbox.model.schedules.all.filter(({ state, triggerProperties }) =>
    state === "scheduled" && triggerProperties.match_id === String(matchId)
  );
  ok(live.length <= 1, `${live.length} live schedules, ${circumstance}`);
  const [row] = await stack.sql<
    {
      status: string;
      braze_schedule_id: string | null;
      send_at: Date;
      unknowns: number;
      alerts: number;
    }[]
  >`
    select
      ledger.status::text, ledger.braze_schedule_id, ledger.send_at_utc as send_at,
      (
        select count(*)::int from public.schedule_attempts as attempt
        where attempt.match_id = ledger.match_id and attempt.outcome = 'unknown' and attempt.kind <> 'send_id'
      ) as unknowns,
      (
        select count(*)::int from public.alerts as alert
        where alert.match_id = ledger.match_id and alert.resolved_at is null
      ) as alerts
    from public.schedule_ledger as ledger
    where ledger.match_id = ${matchId}`;
  ok(row, `no ledger row, ${circumstance}`);
  const [schedule] = live;
  const isSettled = scenario.isWanted
    ? row.status === "pending" && schedule !== undefined &&
      schedule.id === row.braze_schedule_id && +schedule.sendAt === +row.send_at
    : row.status === "cancelled" && schedule === undefined;
  if (isSettled) {
    // A delete that is repeated after its answer was lost may be refused: that correctly raises an alert.
    if (row.unknowns === 0) {
      strictEqual(row.alerts, 0, `an alert although all is well, ${circumstance}`);
    }
    return;
  }
  ok(row.unknowns > 0, `not resolved, and the journal does not say why, ${circumstance}`);
  ok(row.alerts > 0, `not resolved, and no alert is open, ${circumstance}`);
}

async function runScheduler(stack: Stack, matchId: number): Promise<void> {
  const alive = killable(stack, "braze-scheduler", createHandler, 0);
  const response = await alive.handle(request(stack, matchId));
  strictEqual(response.status, 200, await response.text());
}

function request({ ready }: Stack, matchId: number): Request {
  return new Request(`${ready.functions_url}/braze-scheduler`, {
    method: "POST",
    headers: { apikey: ready.secret_key, "content-type": "application/json" },
    body: JSON.stringify({ match_ids: [matchId] }),
  });
}
