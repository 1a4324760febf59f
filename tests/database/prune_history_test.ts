import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { tracesOf } from "../support/traces.ts";
import { event, ingest, reject } from "./events.ts";
import {
  minutes,
  NOW,
  only,
  scheduledMatch,
  type Suite,
  UNKNOWN_ID,
  withSuite,
} from "./fixtures.ts";
import { lastAction } from "./verbs.ts";

const DAY = 24 * 60;
const days = (count: number) => minutes(count * DAY);

type Counts = Readonly<Record<string, number | boolean>>;

async function prune({ sql }: Suite, now: Date): Promise<Counts> {
  const [row] = await sql<{ counts: Counts }[]>`select private.prune_history(${now}) as counts`;
  if (row === undefined) throw new Error("Cannot prune: no answer came");
  return row.counts;
}

const NOTHING = {
  cron_runs: 0,
  scheduler_logs: 0,
  job_runs: 0,
  count_audit_logs: 0,
  braze_observations: 0,
  listed_schedules: 0,
  resolved_alerts: 0,
  unmanaged_schedules: 0,
  webhook_rejects: 0,
  operator_actions: 0,
  erased_events: 0,
  raw_payloads: 0,
  partitions: 0,
  more: false,
};

async function fill({ sql }: Suite): Promise<void> {
  await sql`
    insert into cron.job_run_details (jobid, status, start_time, end_time)
    values (1, 'succeeded', ${NOW}, ${NOW}), (1, 'starting', ${NOW}, null), (1, 'running', null, null)`;
  await sql`
    insert into public.scheduler_logs (logged_at, function_name, action, reason)
    values (${NOW}, 'f', 'a', 'r')`;
  await sql`
    insert into public.count_audit_logs (run_id, checked_at, listing_mode, ledger_pending, status)
    values (${UNKNOWN_ID}, ${NOW}, 'empty', 0, 'unknown')`;
  await sql`
    insert into public.alerts (fingerprint, rule, kind, severity, audience, title, first_seen_at, last_seen_at,
      resolved_at)
    values ('closed', 'r', 'condition', 'info', 'admin', 't', ${NOW}, ${NOW}, ${NOW}),
      ('open', 'r', 'condition', 'info', 'admin', 't', ${NOW}, ${NOW}, null)`;
  await sql`
    insert into public.job_runs (function_name, caller, outcome, called_at)
    values ('braze-scheduler', 'secret_key', 'failed', ${NOW})`;
  await sql`
    insert into public.braze_observations
      (run_id, campaign_id, began_at, covers_until, listing_mode, listed, campaign_state)
    values (${UNKNOWN_ID}, 'campaign', ${NOW}, ${NOW}, 'empty', 0, 'running')`;
  await sql`
    insert into private.listed_schedules (campaign_id, braze_schedule_id, shown_from, shown_until)
    values ('campaign', 'gone', ${NOW}, ${NOW}), ('campaign', 'shown', ${NOW}, null)`;
  await sql`
    insert into private.unmanaged_schedules values ('theirs', 'campaign', ${NOW}, ${NOW}, ${NOW})`;
}

Deno.test(
  "prune_history() deletes each kind after its retention period, and not before",
  withSuite(async (suite) => {
    await fill(suite);
    await suite.sql`update private.settings set partitions_kept = null`;
    deepStrictEqual(await prune(suite, days(7)), NOTHING);
    strictEqual((await prune(suite, minutes(7 * DAY + 1))).cron_runs, 2);
    strictEqual((await prune(suite, days(90))).job_runs, 0);
    strictEqual((await prune(suite, minutes(90 * DAY + 1))).job_runs, 1);
    strictEqual((await prune(suite, days(180))).scheduler_logs, 0);
    strictEqual((await prune(suite, minutes(180 * DAY + 1))).scheduler_logs, 1);
    const { count_audit_logs, resolved_alerts } = await prune(suite, days(400));
    deepStrictEqual([count_audit_logs, resolved_alerts], [0, 0]);
    const last = await prune(suite, minutes(400 * DAY + 1));
    deepStrictEqual([last.count_audit_logs, last.resolved_alerts], [1, 1]);
    await suite.sql`update private.settings set partitions_kept = '401 days'`;
    strictEqual((await prune(suite, days(401))).unmanaged_schedules, 0);
    strictEqual((await prune(suite, minutes(401 * DAY + 1))).unmanaged_schedules, 1);
    await suite.sql`update private.settings set partitions_kept = null`;
    deepStrictEqual(await prune(suite, days(10_000)), NOTHING);
  }),
);

Deno.test(
  "prune_history() keeps open alerts, the journal, the runs it names, runs in progress and each last success",
  withSuite(async (suite) => {
    await fill(suite);
    const { runId } = await scheduledMatch(suite);
    await suite.sql`update public.job_runs set outcome = 'failed' where run_id = ${runId}`;
    await suite.sql`
      insert into public.job_runs (function_name, caller, outcome, called_at, lease_until)
      values ('braze-count-audit', 'secret_key', 'running', ${NOW}, ${NOW})`;
    await suite.sql`
      update public.schedule_attempts set outcome = 'unknown', closed_at = opened_at`;
    await suite.sql`
      insert into public.job_runs (function_name, caller, outcome, called_at, finished_at)
      values ('braze-reconcile', 'secret_key', 'succeeded', ${NOW}, ${NOW}),
        ('braze-reconcile', 'secret_key', 'succeeded', ${minutes(1)}, ${minutes(1)}),
        ('braze-reconcile', 'secret_key', 'failed', ${minutes(2)}, ${minutes(2)})`;
    await suite.sql`
      update private.settings set partitions_kept = null, raw_payloads_kept = null`;
    strictEqual((await prune(suite, days(10_000))).job_runs, 3);
    const runs = await suite.sql`
      select function_name, outcome, called_at from public.job_runs order by function_name`;
    deepStrictEqual(runs.map((run) => [run.function_name, run.outcome, run.called_at]), [
      ["braze-count-audit", "running", NOW],
      ["braze-reconcile", "succeeded", minutes(1)],
      ["braze-scheduler", "failed", NOW],
    ]);
    deepStrictEqual(
      (await suite.sql`select fingerprint from public.alerts`).map((row) => row.fingerprint),
      ["open"],
    );
    strictEqual((await suite.sql`select 1 from public.schedule_attempts`).length, 1);
  }),
);

Deno.test(
  "prune_history() keeps a kind for ever if its setting is null",
  withSuite(async (suite) => {
    await fill(suite);
    await ingest(suite, { events: [event("old")] });
    await suite.sql`
      update private.settings
      set cron_runs_kept = null, logs_kept = null, job_runs_kept = null, audits_kept = null,
        observations_kept = null, resolved_alerts_kept = null, raw_payloads_kept = null, partitions_kept = null`;
    deepStrictEqual(await prune(suite, days(10_000)), NOTHING);
  }),
);

Deno.test(
  "prune_history() works in batches, reports whether there is more, and completes",
  withSuite(async (suite) => {
    const events = Array.from({ length: 5 }, (_, index) => event(`e-${index}`));
    await ingest(suite, { events: [...events, event("young", { sent_at: days(2) })] });
    await suite.sql`
      insert into public.scheduler_logs (logged_at, function_name, action, reason)
      select ${NOW}, 'f', 'a', 'r' from generate_series(1, 3)`;
    await suite.sql`
      update private.settings set prune_batch = 2, raw_payloads_kept = '1 day', logs_kept = '7 days'`;
    const seen: unknown[] = [];
    for (let call = 0; call < 4; call++) {
      const { raw_payloads, scheduler_logs, more } = await prune(suite, days(8));
      seen.push([raw_payloads, scheduler_logs, more]);
    }
    deepStrictEqual(seen, [[2, 2, true], [2, 1, true], [2, 0, true], [0, 0, false]]);
    const rows = await suite.sql`
      select event_id, raw_payload <> '{}' as whole, dispatch_id, confidence from public.notification_sends
      order by event_id`;
    deepStrictEqual(rows.map((row) => row.whole), [false, false, false, false, false, false]);
    deepStrictEqual(new Set(rows.map((row) => row.confidence)), new Set(["none"]));
  }),
);

Deno.test(
  "prune_history() keeps the payloads of young events, and does not read old events again",
  withSuite(async (suite) => {
    await ingest(suite, { events: [event("old"), event("young", { sent_at: days(3) })] });
    await suite.sql`update private.settings set raw_payloads_kept = '2 days'`;
    strictEqual((await prune(suite, days(4))).raw_payloads, 1);
    const [young] = await suite.sql`
      select raw_payload from public.notification_sends where event_id = 'young'`;
    deepStrictEqual(young?.raw_payload, { id: "young" });
    const progress = only(await suite.sql`select sent_at, event_id from private.prune_progress`);
    deepStrictEqual([progress.sent_at, progress.event_id], [NOW, "old"]);
    strictEqual((await prune(suite, days(6))).raw_payloads, 1);
  }),
);

Deno.test(
  "prune_history() drops whole partitions after their retention period, with their entry, and no others",
  withSuite(async (suite) => {
    await ingest(suite, { events: [event("old"), event("kept", { sent_at: days(31) })] });
    await suite
      .sql`update private.settings set partitions_kept = '1 month', raw_payloads_kept = null`;
    const left = async () =>
      (await suite.sql`
        select partition_name from private.event_partitions where starts_at < '2025-04-01' order by starts_at`)
        .map((row) => row.partition_name);
    const all = await left();
    deepStrictEqual(all, [
      "notification_sends_202411",
      "notification_sends_202412",
      "notification_sends_202501",
      "notification_sends_202502",
      "notification_sends_202503",
    ]);
    // December ended a month ago.
    strictEqual((await prune(suite, new Date("2025-01-31T23:59:59Z"))).partitions, 1);
    strictEqual((await prune(suite, new Date("2025-02-01T00:00:00Z"))).partitions, 1);
    deepStrictEqual(await left(), all.slice(2));
    const kept = await suite.sql`select event_id from public.notification_sends`;
    deepStrictEqual(kept.map((row) => row.event_id), ["kept"]);
    const tables = await suite.sql`
      select 1 from pg_class where relname in ('notification_sends_202411', 'notification_sends_202412')`;
    strictEqual(tables.length, 0);
    // A late event for it is kept as a reject, not lost.
    strictEqual((await ingest(suite, { events: [event("late")] })).rejected, 1);
  }),
);

Deno.test(
  "prune_history() skips a partition that is being read, and finishes the rest of its work",
  withSuite(async (suite) => {
    await fill(suite);
    await ingest(suite, { events: [event("old")] });
    const reader = await suite.sql.reserve();
    try {
      await reader`begin`;
      await reader`select * from public.notification_sends`;
      const { partitions, scheduler_logs } = await prune(suite, days(10_000));
      deepStrictEqual([partitions, scheduler_logs], [0, 1]);
      await reader`rollback`;
    } finally {
      reader.release();
    }
    ok(Number((await prune(suite, days(10_000))).partitions) >= 5);
  }),
);

Deno.test(
  "prune_history() deletes old rejects, replayed or not",
  withSuite(async (suite) => {
    await ingest(suite, { rejects: [reject("once"), reject("again")] });
    await ingest(suite, { rejects: [reject("again")], now: days(10) });
    await suite.sql`update private.settings set partitions_kept = null`;
    strictEqual((await prune(suite, days(180))).webhook_rejects, 0);
    strictEqual((await prune(suite, minutes(180 * DAY + 1))).webhook_rejects, 1);
    const { body } = only(await suite.sql`select body from public.webhook_rejects`);
    strictEqual(new TextDecoder().decode(body), "again");
  }),
);

Deno.test(
  "prune_history() keeps operator actions and erasures, unless a setting limits them",
  withSuite(async (suite) => {
    await scheduledMatch(suite);
    const act = {
      p_match_id: 1001,
      p_reason: "r",
      p_actor_kind: "secret_key",
      p_run_id: UNKNOWN_ID,
    };
    const at = { p_dry_run: false, p_now: minutes(700) };
    await suite.call("mark_sent", { ...act, ...at });
    await suite.call("undo", { ...act, ...at, p_action_id: await lastAction(suite) });
    const erase = (user: string, until: Date) =>
      suite.call("erase_user", {
        p_external_user_id: user,
        p_reason: "r",
        p_now: minutes(700),
        p_anonymise_until: until,
      });
    await ingest(suite, { events: [event("e1")] });
    await erase("user-1", NOW);
    await erase("user-2", days(1_000));
    await suite.sql`update private.settings set partitions_kept = null, raw_payloads_kept = null`;
    const left = async () =>
      only(
        await suite.sql`
          select (select count(*) from public.operator_actions)::int as actions,
            (select count(*) from private.erased_users)::int as users,
            (select count(*) from private.erased_events)::int as events`,
      );
    await prune(suite, days(10_000));
    deepStrictEqual({ ...await left() }, { actions: 4, users: 2, events: 1 });

    await suite
      .sql`update private.settings set operator_actions_kept = '30 days', erasures_kept = '30 days'`;
    await prune(suite, days(30));
    deepStrictEqual({ ...await left() }, { actions: 4, users: 2, events: 1 });
    const { operator_actions, erased_events } = await prune(suite, days(31));
    deepStrictEqual([operator_actions, erased_events], [3, 1]);
    // The undo is deleted first; pending erasures stay.
    strictEqual((await prune(suite, days(31))).operator_actions, 1);
    deepStrictEqual({ ...await left() }, { actions: 0, users: 1, events: 0 });
    await prune(suite, days(1_001));
    deepStrictEqual({ ...await left() }, { actions: 0, users: 0, events: 0 });
  }),
);

Deno.test(
  "prune_history() continues where it stopped, also when its last event was erased since",
  withSuite(async (suite) => {
    const sentTo = (user: string) => event(`to ${user}`, { external_user_id: user });
    await ingest(suite, { events: [sentTo("ann"), sentTo("ben"), sentTo("cleo")] });
    await suite.sql`
      update private.settings set prune_batch = 2, raw_payloads_kept = '1 day', partitions_kept = null`;
    strictEqual((await prune(suite, days(2))).raw_payloads, 2);
    await suite.call("erase_user", {
      p_external_user_id: "ben",
      p_reason: "r",
      p_now: days(2),
    });
    deepStrictEqual(await tracesOf(suite.sql, "ben"), []);
    for (let call = 0; call < 3; call++) await prune(suite, days(2));
    const payloads = await suite.sql`select distinct raw_payload from public.notification_sends`;
    deepStrictEqual(payloads.map((row) => row.raw_payload), [{}]);
  }),
);
