/** A row in every table, so that seeing none of them means something. */
import type { Sql } from "../support/database.ts";

const LEDGER = "00000000-0000-0000-0000-000000000002";
const RUN = "00000000-0000-0000-0000-000000000001";

export async function fillTables(sql: Sql): Promise<void> {
  await sql`
    insert into public.teams (name, braze_attribute_value) values ('Arsenal', 'arsenal')`;
  await sql`
    insert into public.matches (id, competition, home_team, away_team, kickoff_at)
    values (1, 'League', 'Arsenal', 'Fulham', now())`;
  // A change to a match records itself.
  await sql`update public.matches set kickoff_at = kickoff_at + interval '1 hour'`;
  await sql`
    insert into public.job_runs (run_id, function_name, caller, outcome, called_at)
    values (${RUN}, 'braze-scheduler', 'secret_key', 'succeeded', now())`;
  await sql`
    insert into public.scheduler_logs (logged_at, function_name, action, reason, match_id, details)
    values (now(), 'braze-reconcile', 'duplicate_count', 'two', 1, '{"duplicate_count": 1}')`;
  await sql`
    insert into public.alerts
      (fingerprint, rule, kind, severity, audience, title, first_seen_at, last_seen_at)
    values ('f', 'r', 'condition', 'info', 'admin', 't', now(), now())`;
  await sql`
    insert into public.schedule_ledger
      (id, match_id, campaign_id, generation, signature, send_at_utc, created_at, updated_at)
    values (${LEDGER}, 1, 'c', 1, 's', now() - interval '1 hour', now(), now())`;
  await sql`
    insert into public.braze_schedules
      (ledger_id, generation, campaign_id, send_at_utc, state, created_at, updated_at)
    values (${LEDGER}, 1, 'c', now(), 'live', now(), now())`;
  await sql`
    insert into public.braze_observations
      (run_id, campaign_id, began_at, covers_until, listing_mode, listed, campaign_state)
    values (${RUN}, 'c', now(), now(), 'empty', 0, 'running')`;
  await sql`
    insert into public.schedule_attempts (id, run_id, kind, reason, request, opened_at)
    values ('00000000-0000-0000-0000-000000000003', ${RUN}, 'send_id', 'plan', '{}', now())`;
  await sql`
    insert into public.operator_actions
      (acted_at, action, match_id, ledger_id, generation, actor_kind, reason, before, run_id)
    values (now(), 'mark_sent', 1, ${LEDGER}, 1, 'secret_key', 'r', '{}', ${RUN})`;
  await sql`
    insert into public.schedule_identifiers (kind, value, ledger_id, source, first_seen_at)
    values ('send_id', 'v', ${LEDGER}, 'create', now())`;
  await sql`
    insert into public.notification_sends (
      sent_at, event_id, event_type, channel, external_user_id, received_at, time_kind,
      correlation_method, confidence, raw_payload
    )
    values (now(), 'e', 'send', 'push', 'u', now(), 'send', 'no_candidate', 'none', '{}')`;
  await sql`
    insert into public.count_audit_logs (run_id, checked_at, listing_mode, ledger_pending, status)
    values (${RUN}, now(), 'empty', 0, 'unknown')`;
  await sql`
    insert into public.event_claims (event_id, sent_at, claimed_at) values ('e', now(), now())`;
  await sql`
    insert into public.webhook_rejects (digest, body, reason, first_received_at, last_received_at)
    values ('\\x01', '\\x02', 'r', now(), now())`;
  await sql`
    insert into public.match_counts (
      ledger_id, generation, users, push_sends, webhook_sends, bounced_users, aborted_users, opened_users, abort_reasons,
      events, low_events, low_push_sends, delays, latenesses, platforms, counted_at
    )
    select id, 1, 1, 1, 0, 0, 0, 0, '{}', 1, 0, 0, '{}', '{}', '{}', now() from public.schedule_ledger`;
  await sql`
    insert into public.webhook_daily_counts (date, shard, received, duplicates, rejected)
    values ('2024-12-07', 0, 1, 0, 0)`;
  await sql`
    insert into public.webhook_health_metrics (
      date, total_schedules_sent, webhooks_received, webhooks_delayed_5min, webhooks_delayed_10min,
      webhooks_never_received, events, push_sends, duplicates, rejects, unattributed, created_at,
      updated_at
    )
    values ('2024-12-07', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, now(), now())`;
  await sql`
    insert into public.webhook_health_patterns
      (date, dimension, value, schedules, push_sends, sends_delayed_5min, delay_ms_sum)
    values ('2024-12-07', 'platform', 'ios', 0, 0, 0, 0)`;
}
