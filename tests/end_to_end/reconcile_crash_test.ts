/**
 * Kills braze-reconcile after each distinct call it makes.
 *
 * The wanted schedule of a match is never cancelled, and the runs that follow end in the same state as an undisturbed
 * run.
 */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { addDays, addMinutes } from "date-fns";
import { createHandler } from "../../supabase/functions/braze-reconcile/handler.ts";
import type { Stack } from "../../local/stack/stack.ts";
import { killable } from "../support/killable_function.ts";
import { call, schedule, THREE_AT_ONCE, withSuite } from "../support/suite.ts";
import {
  CREATE,
  duplicateByHand,
  inDashboard,
  later,
  LISTING_MODES,
  type ListingMode,
  reconcile,
  set,
  withListing,
} from "../support/reconciling.ts";

const START = new Date("2024-12-01T06:00:00Z");
const MINUTES_PAST_A_LEASE = 5;
/** More calls than a run makes: a loop that never ends without being killed must not hang the test. */
const CALLS_MAX = 90;

for (const mode of LISTING_MODES) {
  Deno.test(`braze-reconcile killed after any call cancels no schedule that is wanted (${mode})`, () =>
    withSuite({
      clock: START,
      sandbox: withListing(mode),
      env: { RECONCILE_CANCEL_SHARE_MAX: "1" },
    }, async (stack) => {
      await stack.sql`
          insert into public.teams (name, braze_attribute_value)
          values ('Arsenal', 'Arsenal'), ('Chelsea', 'Chelsea')`;
      await schedule(stack);
      let deaths = 0;
      for (let deadly = 1; deadly <= CALLS_MAX; deadly++) {
        if (!await killAndRecover(stack, mode, 1_000 + deadly * 10, deadly)) break;
        deaths++;
      }
      ok(deaths >= 15, `killed ${deaths} times`);
      ok(deaths < CALLS_MAX, "the run ends by itself when it is not killed");
    }));
}

/** False when the run made fewer calls and was not killed. */
async function killAndRecover(
  stack: Stack,
  mode: ListingMode,
  base: number,
  deadlyCall: number,
): Promise<boolean> {
  const world = await makeTrouble(stack, base);
  const isKilled = await runUntil(stack, deadlyCall);
  const circumstance = isKilled ? `killed after call ${deadlyCall}` : "not killed";
  verifyWanted(stack, world, circumstance);

  // A delete without an answer is confirmed by two lists, the first of them 5 minutes later.
  const runs = mode === "per_schedule" ? 3 : 1;
  for (let run = 0; run < runs; run++) {
    await later(stack, 2 * MINUTES_PAST_A_LEASE);
    await reconcile(stack);
    verifyWanted(stack, world, circumstance);
  }
  await verifyEnd(stack, mode, world, circumstance);
  await tidy(stack, world);
  return isKilled;
}

interface World {
  /** Scheduled a second time, and a third time by hand. */
  readonly doubled: number;
  /** Scheduled, but its create got no answer. */
  readonly lost: number;
  /** The first schedule of `doubled`, which survived its delete. */
  readonly survivor: string;
  /** Made by hand: a person decides about it. */
  readonly byHand: string;
  /** The ids of the one schedule of each match that must stay. */
  readonly wanted: readonly string[];
}

async function makeTrouble(stack: Stack, base: number): Promise<World> {
  const [doubled, lost] = [base, base + 1];
  const kickoffAt = addDays(stack.timeline.now(), 3);
  for (const id of [doubled, lost]) {
    await stack.sql`
      insert into public.matches (id, competition, home_team, away_team, kickoff_at)
      values (${id}, 'Premier League', 'Arsenal', 'Chelsea', ${kickoffAt})`;
  }
  await call(stack, "braze-scheduler", { match_ids: [doubled] });
  const first = stack.sandbox.model.schedules.all.at(-1)!;
  await stack.sql`
    update public.matches set trigger_properties = '{"round": "Final"}' where id = ${doubled}`;
  await call(stack, "braze-scheduler", { match_ids: [doubled] });
  strictEqual(first.state, "deleted");
  set(stack, { faults: [{ endpoint: CREATE, kind: "timeout_after_effect", times: 1 }] });
  await call(stack, "braze-scheduler", { match_ids: [lost] });
  set(stack, { faults: [] });
  const sendAt = addMinutes(kickoffAt, -60).toISOString();
  const wanted = stack.sandbox.model.schedules.all.filter(({ state, triggerProperties }) =>
    state === "scheduled" &&
    [doubled, lost].some((id) => triggerProperties.match_id === String(id))
  );
  strictEqual(wanted.length, 2);
  // Braze confirmed its delete, but still holds it.
  first.state = "scheduled";
  first.endedAt = null;
  const byHand = await duplicateByHand(stack, doubled, sendAt);
  // Old enough that a list is trusted.
  await later(stack, 2 * MINUTES_PAST_A_LEASE);
  return { doubled, lost, survivor: first.id, byHand, wanted: wanted.map(({ id }) => id) };
}

async function runUntil(stack: Stack, deadlyCall: number): Promise<boolean> {
  const victim = killable(stack, "braze-reconcile", createHandler, deadlyCall);
  const request = new Request(`${stack.ready.functions_url}/braze-reconcile`, {
    method: "POST",
    headers: { apikey: stack.ready.secret_key, "content-type": "application/json" },
    body: "{}",
  });
  return await Promise.race([
    victim.died.then(() => true),
    victim.handle(request).then(async (response) => {
      strictEqual(response.status, 200, await response.text());
      return false;
    }),
  ]);
}

function verifyWanted({ sandbox }: Stack, { wanted }: World, circumstance: string): void {
  for (const id of wanted) {
    strictEqual(sandbox.model.schedules.find(id)?.state, "scheduled", `${id}, ${circumstance}`);
  }
}

async function verifyEnd(
  { sql, sandbox }: Stack,
  mode: ListingMode,
  { doubled, lost, survivor, byHand, wanted }: World,
  circumstance: string,
): Promise<void> {
  const isSeen = mode === "per_schedule";
  deepStrictEqual(
    [survivor, byHand].map((id) => sandbox.model.schedules.find(id)?.state),
    [isSeen ? "deleted" : "scheduled", "scheduled"],
    circumstance,
  );
  const rows = await sql`
    select
      ledger.status::text, ledger.braze_schedule_id, schedule.state,
      (
        select count(*)::int from public.schedule_attempts as attempt
        where (attempt.ledger_id = ledger.id or attempt.braze_schedule_id = any (${[
    survivor,
    byHand,
  ]}))
          and (attempt.outcome is null or (attempt.outcome = 'unknown' and attempt.resolved_at is null))
      ) as unresolved
    from public.schedule_ledger as ledger
    join public.braze_schedules as schedule
      on schedule.ledger_id = ledger.id and schedule.generation = ledger.generation
    where ledger.match_id in (${doubled}, ${lost}) order by ledger.match_id`;
  deepStrictEqual(
    rows.map((row) => ({ ...row })),
    [
      { status: "pending", braze_schedule_id: wanted[0], state: "live", unresolved: 0 },
      isSeen
        ? { status: "pending", braze_schedule_id: wanted[1], state: "live", unresolved: 0 }
        : { status: "pending", braze_schedule_id: null, state: "unknown", unresolved: 1 },
    ],
    circumstance,
  );
  const [found] = await sql`
    select count(*)::int as logs from public.scheduler_logs
    where action = 'duplicate_count' and match_id = ${doubled}`;
  strictEqual((found?.logs ?? 0) > 0, isSeen, `reported before it was cancelled, ${circumstance}`);
  const open = await sql`
    select rule from public.alerts
    where resolved_at is null and rule <> 'create_unknown' order by rule`;
  deepStrictEqual(
    open.map(({ rule }) => rule),
    isSeen ? ["unmanaged_schedule"] : [],
    `alerts left open, ${circumstance}`,
  );
}

/** Removes the world before the next one. */
async function tidy(
  stack: Stack,
  { doubled, lost, survivor, byHand, wanted }: World,
): Promise<void> {
  for (const id of [survivor, byHand, ...wanted]) {
    if (stack.sandbox.model.schedules.find(id)?.state !== "scheduled") continue;
    await inDashboard(stack, "dashboard/cancel", { schedule_id: id });
  }
  await stack.sql`update public.matches set status = 'cancelled' where id in (${doubled}, ${lost})`;
  await stack.sql`
    update public.schedule_ledger set status = 'cancelled', cancel_reason = 'plan'
    where match_id in (${doubled}, ${lost})`;
  await stack.sql`
    update public.braze_schedules set state = 'deleted'
    where ledger_id in (select id from public.schedule_ledger where match_id in (${doubled}, ${lost}))`;
  await stack.sql`
    update public.schedule_attempts set resolved_at = opened_at, resolved_as = 'released'
    where outcome = 'unknown' and resolved_at is null`;
}

Deno.test("braze-reconcile killed after any call still resolves past schedules", () =>
  withSuite({
    sandbox: withListing("per_campaign", { currents: { enabled: false } }),
    fixtures: THREE_AT_ONCE,
  }, async (stack) => {
    await schedule(stack);
    await stack.advanceTo(new Date("2024-12-07T15:00:00Z"));
    let deaths = 0;
    for (let deadly = 1; deadly <= CALLS_MAX; deadly++) {
      await stack.sql`
          update public.schedule_ledger
          set status = 'pending', sent_evidence = null, sent_confirmed_at = null,
            actual_send_count = null, braze_reported_count = null`;
      // As if events had come: their matches are due to be counted.
      await stack.sql`
          insert into private.recounts (ledger_id, marked_at)
          select id, ${stack.timeline.now()} from public.schedule_ledger on conflict do nothing`;
      const isKilled = await runUntil(stack, deadly);
      await later(stack, MINUTES_PAST_A_LEASE);
      await reconcile(stack);
      const rows = await stack.sql`
          select status::text, sent_evidence, actual_send_count, braze_reported_count > 0 as is_counted
          from public.schedule_ledger`;
      for (const row of rows) {
        deepStrictEqual(
          { ...row },
          {
            status: "sent",
            sent_evidence: "statistics",
            actual_send_count: 0,
            is_counted: true,
          },
          `killed after call ${deadly}`,
        );
      }
      // Braze delivers no events here, which raises a separate alert.
      const open = await stack.sql`
          select rule from public.alerts where resolved_at is null and rule <> 'missing_webhooks'`;
      deepStrictEqual(open.map(({ rule }) => rule), [], `killed after call ${deadly}`);
      if (!isKilled) break;
      deaths++;
    }
    ok(deaths >= 15, `killed ${deaths} times`);
  }));

for (const mode of LISTING_MODES) {
  Deno.test(`concurrent and successive runs of braze-reconcile end as one run does (${mode})`, () =>
    withSuite({ clock: START, sandbox: withListing(mode) }, async (stack) => {
      await stack.sql`
        insert into public.teams (name, braze_attribute_value)
        values ('Arsenal', 'Arsenal'), ('Chelsea', 'Chelsea')`;
      await schedule(stack);
      const world = await makeTrouble(stack, 1_000);
      const answers = await Promise.all(
        Array.from({ length: 3 }, () => call(stack, "braze-reconcile")),
      );
      ok(answers.some(({ status }) => status === 200));
      for (const { status, body } of answers) {
        if (status !== 200) deepStrictEqual([status, body.code], [409, "run_in_progress"]);
      }
      for (let run = 0; run < 2; run++) await reconcile(stack);
      verifyWanted(stack, world, "two at once");
      await verifyEnd(stack, mode, world, "two at once");
      const [counted] = await stack.sql`
        select count(*)::int as deletes from public.schedule_attempts where kind = 'delete'`;
      // One of them is the scheduler's.
      strictEqual(counted?.deletes, mode === "per_schedule" ? 2 : 1);
    }));
}
