/**
 * Kills braze-preflight-check and braze-count-audit after each distinct call they make.
 *
 * The next run must lead to the same state as one undisturbed run.
 */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { addMinutes } from "date-fns";
import type { Stack } from "../../local/stack/stack.ts";
import type { FunctionName } from "../../supabase/functions/_shared/auth/callers.ts";
import type { Dependencies } from "../../supabase/functions/_shared/function/dependencies.ts";
import { createHandler as createAudit } from "../../supabase/functions/braze-count-audit/handler.ts";
import { createHandler as createPreflight } from "../../supabase/functions/braze-preflight-check/handler.ts";
import { killable } from "../support/killable_function.ts";
import { schedule, THREE_AT_ONCE, withSuite } from "../support/suite.ts";
import { inDashboard, reach, watch } from "../support/watchers.ts";

/** More calls than any run makes: a loop that never ends must not hang the test. */
const CALLS_MAX = 30;
const MINUTES_PAST_A_LEASE = 4;

interface Victim {
  readonly name: FunctionName;
  readonly createHandler: (
    dependencies: Dependencies,
  ) => (request: Request) => Promise<Response>;
  /** The faults before the run that is killed. */
  readonly prepare: (stack: Stack) => Promise<void>;
  readonly read: (stack: Stack) => Promise<unknown>;
}

const preflight: Victim = {
  name: "braze-preflight-check",
  createHandler: createPreflight,
  /** One match has no schedule in Braze, one was changed, and ids arrived late. It is the last check before the send. */
  async prepare(stack) {
    await reach(stack, "13:40");
    await watch(stack, "braze-count-audit");
    await inDashboard(stack, "dashboard/cancel", { match_id: 1002 });
    await reach(stack, "13:47");
    await watch(stack, "braze-count-audit");
    await stack.sql`update public.matches set away_team = 'Liverpool' where id = 1003`;
    await reach(stack, "13:55");
  },
  read: async ({ sql }) => ({
    ledger: await sql`
      select match_id, status::text, cancel_reason, preflight_result, dispatch_id, notes
      from public.schedule_ledger order by match_id`.then((rows) => [...rows]),
    schedules: await sql`
      select ledger.match_id, schedule.state from public.braze_schedules as schedule
      join public.schedule_ledger as ledger on ledger.id = schedule.ledger_id order by 1`
      .then((rows) => [...rows]),
    known: await sql`
      select kind, value, ambiguous from public.schedule_identifiers order by kind, value`
      .then((rows) => [...rows]),
    alerts: await sql`
      select fingerprint from public.alerts
      where resolved_at is null and rule <> 'count_mismatch' order by 1`.then((rows) => [...rows]),
  }),
};

const audit: Victim = {
  name: "braze-count-audit",
  createHandler: createAudit,
  async prepare(stack) {
    await inDashboard(stack, "dashboard/cancel", { match_id: 1002 });
    await reach(stack, "07:00");
  },
  read: async ({ sql }) => ({
    last: await sql`
      select status, ledger_pending, braze_actual, missing_in_braze, extra_in_braze
      from public.count_audit_logs order by id desc limit 1`.then((rows) => [...rows]),
    alerts: await sql`select rule from public.alerts where resolved_at is null`
      .then((rows) => [...rows]),
    logged: await sql`
      select distinct action from public.scheduler_logs where function_name = 'braze-count-audit'`
      .then((rows) => [...rows]),
  }),
};

for (const victim of [preflight, audit]) {
  Deno.test(`${victim.name} killed after any call is completed by the next run`, async () => {
    const wanted = await endState(victim, 0);
    let deaths = 0;
    for (let call = 1; call <= CALLS_MAX; call++) {
      const { state, wasKilled } = await endState(victim, call);
      if (!wasKilled) break;
      deaths++;
      deepStrictEqual(state, wanted.state, `killed after call ${call}`);
    }
    strictEqual(wanted.wasKilled, false);
    ok(deaths >= 5, `killed ${deaths} times`);
    ok(deaths < CALLS_MAX, "the run ends by itself when it is not killed");
  });
}

async function endState(victim: Victim, deadlyCall: number) {
  let state: unknown;
  let wasKilled = false;
  await withSuite({
    fixtures: THREE_AT_ONCE,
    sandbox: {
      users: { count: 20 },
      switches: { listingMode: "per_schedule", createAnswersDispatchId: false },
    },
  }, async (stack) => {
    await schedule(stack);
    await victim.prepare(stack);
    const killed = killable(stack, victim.name, victim.createHandler, deadlyCall);
    wasKilled = await Promise.race([
      killed.died.then(() => true),
      killed.handle(request(stack, victim.name)).then(() => false),
    ]);
    await stack.advanceTo(addMinutes(stack.timeline.now(), MINUTES_PAST_A_LEASE));
    await watch(stack, victim.name);
    state = await victim.read(stack);
  });
  return { state, wasKilled };
}

function request({ ready }: Stack, name: FunctionName): Request {
  return new Request(`${ready.functions_url}/${name}`, {
    method: "POST",
    headers: { apikey: ready.secret_key, "content-type": "application/json" },
    body: "{}",
  });
}
