/**
 * webhook-health-rollup, the heartbeat and the timeline of a match, over the whole stack: compared with what Braze
 * really sent.
 */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { addDays } from "date-fns";
import type { Stack } from "../../local/stack/stack.ts";
import { createHandler } from "../../supabase/functions/webhook-health-rollup/handler.ts";
import { killable } from "../support/killable_function.ts";
import { type FixtureRow, schedule, withSuite } from "../support/suite.ts";
import { inDashboard, openAlertsOf, reach, watch } from "../support/watchers.ts";

/** Pushes at 14:00 and at 16:30. */
const TWO: readonly FixtureRow[] = [
  { id: 1001, home: "Arsenal", away: "Chelsea", kickoffAt: "2024-12-07T15:00:00Z" },
  { id: 1002, home: "Everton", away: "Liverpool", kickoffAt: "2024-12-07T17:30:00Z" },
];
const DATE = "2024-12-07";
const LISTINGS = ["per_schedule", "per_campaign"] as const;
const SEND = "users.messages.pushnotification.Send";

const nextDay = (time: string) => new Date(`2024-12-08T${time}:00Z`);

async function metricsOf({ sql }: Stack, date = DATE): Promise<Record<string, unknown>> {
  const [row] = await sql`
    select total_schedules_sent as due, webhooks_received as received, webhooks_never_received as never,
      webhooks_delayed_5min as late, avg_webhook_delay_ms::int as avg_delay, p99_webhook_delay_ms::int as p99_delay,
      avg_send_lateness_ms::int as lateness, events::int, push_sends::int, duplicates::int, rejects::int,
      low_confidence_share::float as low, unattributed::int
    from public.webhook_health_metrics where date = ${date}`;
  if (row === undefined) throw new Error(`Cannot read the metrics: ${date} has no row`);
  return { ...row };
}

/** The events of a match that Braze delivered. */
function deliveredOf({ sandbox }: Stack, matchId: number) {
  return sandbox.model.groundTruth.entries.filter(({ triggerProperties, acknowledged }) =>
    triggerProperties.match_id === String(matchId) && acknowledged > 0
  );
}

/** All that the rollup writes, for runs that must end in the same state. */
async function healthOf({ sql }: Stack): Promise<unknown> {
  return {
    metrics: await sql`
      select to_jsonb(metrics) - 'id' - 'created_at' - 'updated_at' as row
      from public.webhook_health_metrics as metrics order by date`.then((rows) => [...rows]),
    patterns: await sql`
      select * from public.webhook_health_patterns order by date, dimension, value`.then((
      rows,
    ) => [...rows]),
    counts: await sql`
      select match_id, actual_send_count from public.schedule_ledger order by match_id`.then((
      rows,
    ) => [...rows]),
    sizes: await sql`select name, audience_size from public.teams order by name`.then((
      rows,
    ) => [...rows]),
    alerts: await sql`
      select fingerprint from public.alerts where resolved_at is null order by 1`.then((
      rows,
    ) => [...rows]),
  };
}

for (const listingMode of LISTINGS) {
  Deno.test(`gap 7, ${listingMode}: webhooks that are late, duplicated or missing are counted on the day they were due`, () =>
    withSuite({
      fixtures: TWO,
      sandbox: {
        users: { count: 2_000 },
        switches: { listingMode, currents: { duplicateProbability: 0.2, delaySecondsMax: 900 } },
      },
    }, async (stack) => {
      await schedule(stack);
      await reach(stack, "16:00");
      stack.sandbox.model.switchboard.set({ currents: { lossProbability: 1 } });
      await stack.advanceTo(nextDay("03:00"));
      await watch(stack, "webhook-health-rollup");

      const { avg_delay, p99_delay, lateness, ...counts } = await metricsOf(stack);
      const delivered = deliveredOf(stack, 1001);
      const sends = delivered.filter(({ type }) => type === SEND);
      ok(sends.length > 100, "there is something to count");
      const doubles = delivered.reduce((sum, { acknowledged }) => sum + acknowledged - 1, 0);
      ok(doubles > 10, "something was doubled");
      deepStrictEqual(counts, {
        due: 2,
        received: 1,
        never: 1,
        // The first of hundreds arrived in time; the delay of the others is checked below.
        late: 0,
        events: delivered.length,
        push_sends: sends.length,
        duplicates: doubles,
        rejects: 0,
        low: 0,
        unattributed: 0,
      });
      // Held back up to 15 minutes at random, then up to a minute for the batch.
      ok(Number(avg_delay) > 300_000 && Number(avg_delay) < 600_000, `average ${avg_delay}`);
      ok(Number(p99_delay) > 800_000 && Number(p99_delay) < 1_000_000, `p99 ${p99_delay}`);
      // A send takes a minute and a half.
      ok(Number(lateness) > 20_000 && Number(lateness) < 70_000, `lateness ${lateness}`);

      const patterns = await stack.sql`
        select value, schedules::int, never_received::int as never from public.webhook_failure_patterns
        where dimension = 'hour_of_day' order by value`;
      deepStrictEqual(patterns.map((row) => [row.value, row.schedules, row.never]), [
        ["14", 1, 0],
        ["16", 1, 1],
      ]);
    }));

  Deno.test(`gap 4, ${listingMode}: each match shows how many users should receive it, and how many did`, () =>
    withSuite({
      fixtures: TWO,
      sandbox: { users: { count: 2_000 }, switches: { listingMode } },
    }, async (stack) => {
      for (const { value } of stack.sandbox.model.users.teams) {
        await stack.sql`
          update public.teams set braze_segment_id = ${
          stack.sandbox.model.segmentOf(value)?.id ?? null
        }
          where name = ${value}`;
      }
      await watch(stack, "webhook-health-rollup");
      await schedule(stack);
      await stack.advanceTo(nextDay("06:00"));
      await watch(stack, "webhook-health-rollup");

      for (const { id } of TWO) {
        const delivered = deliveredOf(stack, id);
        const sends = delivered.filter(({ type }) => type === SEND);
        const users = new Set(sends.map(({ user }) => user.externalId)).size;
        const aborts = delivered.filter(({ type }) => type.endsWith("Abort")).length;
        const [row] = await stack.sql`
          select verification.*, ledger.actual_send_count from public.match_verification as verification
          join public.schedule_ledger as ledger using (match_id) where match_id = ${id}`;
        deepStrictEqual(
          {
            users: Number(row?.actual_users),
            stored: row?.actual_send_count,
            sends: Number(row?.sends),
            events: Number(row?.events),
            aborts: row?.aborts_by_type,
            source: row?.expected_source,
          },
          {
            users,
            stored: users,
            sends: sends.length,
            events: delivered.length,
            aborts: aborts === 0 ? {} : { frequency_capped: aborts },
            source: "teams.audience_size",
          },
        );
        ok(users > 50 && row?.expected_users_min > 0, JSON.stringify(row));
        strictEqual(
          row?.verdict,
          users + aborts < row?.expected_users_min ? "fewer_than_expected" : "as_expected",
        );
      }
    }));
}

for (const listingMode of ["per_schedule", "per_campaign", "omit"] as const) {
  Deno.test(`a match that users got twice raises double_push (${listingMode})`, () =>
    withSuite({
      fixtures: TWO,
      sandbox: { users: { count: 800 }, switches: { listingMode } },
    }, async (stack) => {
      await schedule(stack);
      const [original] = stack.sandbox.model.schedules.all.filter(({ triggerProperties }) =>
        triggerProperties.match_id === "1001"
      );
      // A person sends it to all users from the dashboard, with everything that its events echo.
      await inDashboard(stack, "dashboard/create", {
        send_at: "2024-12-07T14:10:00Z",
        trigger_properties: original?.triggerProperties,
      });
      await stack.advanceTo(nextDay("06:00"));
      await watch(stack, "webhook-health-rollup");

      const twice = new Map<string, Set<string>>();
      for (const { type, user, schedule } of stack.sandbox.model.groundTruth.entries) {
        if (type !== SEND) continue;
        if (schedule.triggerProperties.match_id !== "1001") continue;
        const name = user.externalId ?? user.brazeId;
        twice.set(name, (twice.get(name) ?? new Set()).add(schedule.id));
      }
      const users = [...twice.values()].filter((schedules) => schedules.size > 1).length;
      ok(users > 20, `${users} users got it twice`);
      const alerts = await openAlertsOf(stack, "double_push");
      deepStrictEqual(alerts.map(({ fingerprint, details }) => [fingerprint, details.users]), [
        ["double_push:1001", users],
      ]);
      await watch(stack, "webhook-health-rollup");
      strictEqual((await openAlertsOf(stack, "double_push")).length, 1);
    }));
}

Deno.test("a day without faults raises no double_push, with several devices and dispatch ids", () =>
  withSuite({
    fixtures: TWO,
    sandbox: { users: { count: 800 }, switches: { dispatchIdsPerSchedule: 5 } },
  }, async (stack) => {
    await schedule(stack);
    await stack.advanceTo(nextDay("06:00"));
    const { counted } = await watch(stack, "webhook-health-rollup", { date: DATE });
    deepStrictEqual(counted, { matches: 2, failed: 0, double_pushes: 0 });
    deepStrictEqual(await openAlertsOf(stack, "double_push"), []);
  }));

async function nameSegments(stack: Stack): Promise<void> {
  for (const { home, away } of TWO) {
    for (const name of [home, away]) {
      const segment = stack.sandbox.model.segmentOf(name);
      ok(segment, `Braze has a segment of ${name}`);
      await stack.sql`
        update public.teams set braze_segment_id = ${segment.id}, audience_size = 1,
          audience_measured_at = ${addDays(stack.timeline.now(), -1)}
        where name = ${name}`;
    }
  }
}

Deno.test("webhook-health-rollup keeps the old size of a team whose segment cannot be read, and logs that", () =>
  withSuite({ fixtures: TWO, sandbox: { users: { count: 500 } } }, async (stack) => {
    await nameSegments(stack);
    await stack.sql`update public.teams set braze_segment_id = 'gone' where name = 'Everton'`;
    const { outcome, audiences } = await watch(stack, "webhook-health-rollup");
    deepStrictEqual([outcome, audiences], ["succeeded", { measured: 3, failed: 1, left: 0 }]);
    const teams = await stack.sql`
      select name, audience_size > 1 as is_new, audience_measured_at from public.teams order by name`;
    deepStrictEqual(
      teams.map((team) => [team.name, team.is_new, team.audience_measured_at.toISOString()]),
      ["Arsenal", "Chelsea", "Everton", "Liverpool"].map((name) => [
        name,
        name !== "Everton",
        name === "Everton" ? "2024-12-06T06:00:00.000Z" : "2024-12-07T06:00:00.000Z",
      ]),
    );
    const [log] = await stack.sql`
      select details from public.scheduler_logs where action = 'audience_not_measured'`;
    strictEqual(log?.details.team, "Everton");
  }));

Deno.test("webhook-health-rollup stopped by its deadline measures the rest in the next run", () =>
  withSuite({
    fixtures: TWO,
    sandbox: {
      users: { count: 500 },
      switches: {
        faults: [{ endpoint: "/segments/data_series", kind: "latency", latencyMs: 2_500 }],
      },
    },
    env: { RUN_DEADLINE_SECONDS: "5" },
  }, async (stack) => {
    await nameSegments(stack);
    const first = await watch(stack, "webhook-health-rollup");
    deepStrictEqual([first.outcome, first.days_done, first.audiences], [
      "partial",
      3,
      { measured: 2, failed: 0, left: 2 },
    ]);
    await watch(stack, "webhook-health-rollup");
    const teams = await stack.sql`select 1 from public.teams where audience_size = 1`;
    strictEqual(teams.length, 0);
  }));

Deno.test("webhook-health-rollup started by hand covers months without data, and returns its progress", () =>
  withSuite({ fixtures: TWO, sandbox: { users: { count: 20 } } }, async (stack) => {
    const body = await watch(stack, "webhook-health-rollup", {
      from: "2024-10-01",
      to: "2024-12-06",
    });
    const { days_done, days_left, next_from, outcome } = body;
    deepStrictEqual([days_done, days_left, next_from, outcome], [67, 0, null, "succeeded"]);
    const [row] = await stack.sql`
      select count(*)::int as days, sum(total_schedules_sent)::int as due from public.webhook_health_metrics`;
    deepStrictEqual([row?.days, row?.due], [67, 0]);
  }));

async function prepareDay(stack: Stack): Promise<void> {
  await nameSegments(stack);
  await schedule(stack);
  await stack.advanceTo(nextDay("06:00"));
}

const DAY = { fixtures: TWO, sandbox: { users: { count: 300 } } };

Deno.test("repeated and concurrent runs of webhook-health-rollup end as one run does", () =>
  withSuite(DAY, async (stack) => {
    await prepareDay(stack);
    await watch(stack, "webhook-health-rollup");
    const once = await healthOf(stack);
    await watch(stack, "webhook-health-rollup");
    deepStrictEqual(await healthOf(stack), once);

    await stack.sql`delete from public.webhook_health_metrics`;
    const url = `${stack.ready.functions_url}/webhook-health-rollup`;
    const answers = await Promise.all([1, 2].map(async () => {
      const response = await fetch(url, {
        method: "POST",
        headers: { apikey: stack.ready.secret_key },
      });
      await response.body?.cancel();
      return response.status;
    }));
    // The second run is refused, or starts after the first has ended.
    ok(
      answers.includes(200) && answers.every((status) => [200, 409].includes(status)),
      `${answers}`,
    );
    deepStrictEqual(await healthOf(stack), once);
  }));

Deno.test("webhook-health-rollup killed after any call and run again ends as an undisturbed run does", async () => {
  await withSuite(DAY, async (stack) => {
    // The days before are already rolled up.
    await watch(stack, "webhook-health-rollup");
    await prepareDay(stack);
    await watch(stack, "webhook-health-rollup");
    const expected = await healthOf(stack);
    for (let deadlyCall = 1; deadlyCall < 60; deadlyCall++) {
      await stack.sql`delete from public.webhook_health_metrics where date = ${DATE}`;
      await stack.sql`delete from public.webhook_health_patterns where date = ${DATE}`;
      // As if events had come: their matches are due to be counted.
      await stack.sql`update public.schedule_ledger set actual_send_count = null`;
      await stack.sql`
        insert into private.recounts (ledger_id, marked_at)
        select id, ${stack.timeline.now()} from public.schedule_ledger on conflict do nothing`;
      const victim = killable(stack, "webhook-health-rollup", createHandler, deadlyCall);
      const request = new Request("http://functions/", {
        method: "POST",
        headers: { apikey: stack.ready.secret_key },
      });
      const wasKilled = await Promise.race([
        victim.died.then(() => true),
        victim.handle(request).then(() => false),
      ]);
      if (!wasKilled) {
        ok(deadlyCall > 12, `the run makes more calls than ${deadlyCall}`);
        return;
      }
      // Past the lease of the killed run.
      await stack.advanceTo(new Date(stack.timeline.now().getTime() + 4 * 60_000));
      await watch(stack, "webhook-health-rollup");
      deepStrictEqual(await healthOf(stack), expected, `killed after call ${deadlyCall}`);
    }
    throw new Error("Cannot end: the run made too many calls");
  });
});

Deno.test("the heartbeat reports functions whose calls get no answer, and their recovery", () =>
  withSuite({ fixtures: TWO, sandbox: { users: { count: 20 } } }, async (stack) => {
    const { sql } = stack;
    await sql`select private.ensure_partitions(${stack.timeline.now()})`;
    await sql`update private.job_periods set watched_since = ${stack.timeline.now()}`;
    await sql`delete from private.job_periods where function_name <> 'braze-scheduler'`;
    await sql`
      select cron.schedule('scheduler', '4-59/5 * * * *', $$select private.invoke_function('braze-scheduler', now())$$)`;
    await sql`select cron.schedule('heartbeat', '*/5 * * * *', $$select private.heartbeat(now())$$)`;
    await reach(stack, "07:00");
    const open = async () => {
      const rows =
        await sql`select fingerprint from public.alerts where resolved_at is null order by 1`;
      return rows.map(({ fingerprint }) => fingerprint);
    };
    deepStrictEqual(await open(), []);

    // A secret that was rotated on one side only.
    const [secret] =
      await sql`select id, secret from vault.secrets where name = 'cron_signing_secret'`;
    await sql`
      select vault.update_secret(${secret?.id}, ${`whsec_${btoa("w".repeat(32))}`})`;
    await reach(stack, "07:06");
    deepStrictEqual(await open(), ["pg_net_failures"]);
    await reach(stack, "07:11");
    deepStrictEqual(await open(), ["function_stalled:braze-scheduler", "pg_net_failures"]);

    await sql`select vault.update_secret(${secret?.id}, ${secret?.secret})`;
    await reach(stack, "07:16");
    deepStrictEqual(await open(), ["pg_net_failures"]);
    await reach(stack, "08:16");
    deepStrictEqual(await open(), []);
  }));

Deno.test("match_timeline() shows the day of a match from its fixture to its last event", () =>
  withSuite({ fixtures: TWO, sandbox: { users: { count: 300 } } }, async (stack) => {
    const { sql } = stack;
    await schedule(stack);
    await sql`
      update public.matches set kickoff_at = '2024-12-07T15:30:00Z', updated_at = ${stack.timeline.now()}
      where id = 1001`;
    await reach(stack, "07:00");
    await schedule(stack);
    await stack.advanceTo(nextDay("06:00"));
    const [row] = await sql<{ timeline: { at: string; kind: string; what: string }[] }[]>`
      select public.match_timeline(1001) as timeline`;
    const timeline = row?.timeline ?? [];
    const kinds = ["attempt", "fixture", "ledger", "events"];
    deepStrictEqual(
      [
        ...new Set(
          timeline.filter(({ kind, what }) => kinds.includes(kind) && what !== "added")
            .map(({ kind, what }) => `${kind}: ${what}`),
        ),
      ].slice(0, 10),
      [
        "fixture: changed",
        "attempt: send_id opened",
        "attempt: send_id succeeded",
        "attempt: create opened",
        "attempt: create succeeded",
        "attempt: update opened",
        "attempt: update succeeded",
        "ledger: due",
        "events: push send",
        "ledger: sent",
      ],
    );
    // The verdict stands first, with the time of the question.
    strictEqual(timeline[0]?.kind, "verdict");
    const times = timeline.slice(1).map(({ at }) => Date.parse(at));
    deepStrictEqual(times, times.toSorted((a, b) => a - b));
  }));
