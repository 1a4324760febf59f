-- Row level security stands on every table, and would hold if a grant were given by mistake.

begin;
create extension if not exists pgtap with schema extensions;
-- Functions are granted to nobody by default here, and the roles below call those of pgTAP.
grant execute on all functions in schema extensions to public;
select no_plan();

create temporary table our_tables as
select class.oid::regclass::text as name, class.relrowsecurity as is_secured
from pg_catalog.pg_class as class
where class.relnamespace in ('public'::regnamespace, 'private'::regnamespace) and class.relkind in ('r', 'p');
-- Grants let whoever is signed in ask; policies let operators alone see.
create temporary table read_by_operators as
select name
from unnest(array[
  'alerts', 'braze_schedules', 'count_audit_logs', 'job_runs', 'match_changes', 'matches', 'notification_sends',
  'operator_actions', 'schedule_attempts', 'schedule_ledger', 'scheduler_logs', 'webhook_health_metrics'
]) as readable (name);
create temporary table our_functions as
select proc.oid::regprocedure::text as name, proc.oid::regproc::text as short_name,
  (select string_agg('null', ', ') from generate_series(1, proc.pronargs)) as arguments
from pg_catalog.pg_proc as proc
where proc.pronamespace in ('public'::regnamespace, 'private'::regnamespace);
grant select on our_tables, our_functions, read_by_operators to public;

select cmp_ok((select count(*) from our_tables), '>=', 19::bigint, 'There are tables to look at');
select ok(is_secured, 'Row level security is on for ' || name) from our_tables order by name;

-- A row in each, so that seeing none means something.
insert into public.teams (name, braze_attribute_value) values ('Arsenal', 'arsenal');
insert into public.matches (id, competition, home_team, away_team, kickoff_at)
values (1, 'League', 'Arsenal', 'Fulham', '2024-12-08 14:00Z');
insert into public.job_runs (run_id, function_name, caller, outcome, called_at)
values ('00000000-0000-0000-0000-000000000001', 'braze-scheduler', 'secret_key', 'succeeded', now());
insert into public.scheduler_logs (logged_at, function_name, action, reason)
values (now(), 'braze-scheduler', 'skip', 'unchanged');
insert into public.alerts (fingerprint, rule, severity, audience, title, first_seen_at, last_seen_at)
values ('f', 'r', 'info', 'admin', 't', now(), now());
insert into public.schedule_ledger
  (id, match_id, campaign_id, generation, signature, send_at_utc, created_at, updated_at)
values ('00000000-0000-0000-0000-000000000002', 1, 'c', 1, 's', now(), now(), now());
insert into public.braze_schedules (ledger_id, generation, campaign_id, send_at_utc, state, created_at, updated_at)
values ('00000000-0000-0000-0000-000000000002', 1, 'c', now(), 'live', now(), now());
insert into public.schedule_attempts (id, run_id, kind, reason, request, opened_at)
values (
  '00000000-0000-0000-0000-000000000003', '00000000-0000-0000-0000-000000000001', 'send_id', 'plan', '{}', now()
);
insert into public.operator_actions
  (acted_at, action, match_id, ledger_id, generation, actor_kind, reason, before, run_id)
values (
  now(), 'mark_sent', 1, '00000000-0000-0000-0000-000000000002', 1, 'secret_key', 'r', '{}',
  '00000000-0000-0000-0000-000000000001'
);
insert into public.schedule_identifiers (kind, value, ledger_id, source, first_seen_at)
values ('send_id', 'v', '00000000-0000-0000-0000-000000000002', 'create', now());
insert into public.notification_sends
  (sent_at, event_id, event_type, channel, received_at, time_is_send_time, correlation_method, confidence, raw_payload)
values (now(), 'e', 'send', 'push', now(), true, 'no_candidate', 'none', '{}');
insert into public.count_audit_logs (run_id, checked_at, listing_mode, ledger_pending, status)
values ('00000000-0000-0000-0000-000000000001', now(), 'empty', 0, 'unknown');
insert into public.event_claims (event_id, sent_at, claimed_at) values ('e', now(), now());
insert into public.webhook_rejects (digest, body, reason, first_received_at, last_received_at)
values ('\x01', '\x02', 'r', now(), now());
insert into public.webhook_daily_counts (date, shard, received, duplicates, rejected) values ('2024-12-07', 0, 1, 0, 0);
insert into public.webhook_health_metrics (
  date, total_schedules_sent, webhooks_received, webhooks_delayed_5min, webhooks_delayed_10min,
  webhooks_never_received, events, push_sends, duplicates, rejects, unattributed, created_at, updated_at
)
values ('2024-12-07', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, now(), now());
insert into public.webhook_health_patterns
  (date, dimension, value, schedules, push_sends, sends_delayed_5min, delay_ms_sum)
values ('2024-12-07', 'platform', 'ios', 0, 0, 0, 0);

insert into private.erased_users (user_digest, pseudonym, device_key, anonymise_until, erased_at)
values ('\x01', 'erased-1', '\x02', now(), now());
insert into private.erased_events (digest, erased_at) values ('\x01', now());

-- As things are, the roles that the world can reach may not even ask.
set local role anon;
select throws_ok(format('select 1 from %s limit 1', name), '42501', null, 'anon may not read ' || name)
from our_tables order by name;
select throws_ok(format('insert into %s default values', name), '42501', null, 'anon may not write ' || name)
from our_tables order by name;
select throws_ok(format('delete from %s', name), '42501', null, 'anon may not delete from ' || name)
from our_tables order by name;
select throws_ok(
  format('select %s(%s)', short_name, arguments), '42501', null, 'anon may not call ' || name
)
from our_functions order by name;

set local role authenticated;
select throws_ok(format('select 1 from %s limit 1', name), '42501', null, 'authenticated may not read ' || name)
from our_tables where name not in (select name from read_by_operators) order by name;
select is_empty(format('select 1 from %s', name), 'authenticated sees nothing of ' || name)
from read_by_operators order by name;
select set_config('request.jwt.claims', '{"user_metadata": {"role": "operator"}, "app_metadata": {}}', true);
select is_empty(format('select 1 from %s', name), 'Who calls themselves an operator sees nothing of ' || name)
from read_by_operators order by name;
select set_config('request.jwt.claims', '{"app_metadata": {"role": "operator"}}', true);
select isnt_empty(format('select 1 from %s', name), 'An operator sees ' || name)
from read_by_operators order by name;
select throws_ok(
  format('select %s from notification_sends', name), '42501', null, 'An operator may not read ' || name || ' of an event'
)
from unnest(array['event_id', 'external_user_id', 'device_id', 'raw_payload']) as hidden (name);
select set_config('request.jwt.claims', '', true);
select throws_ok(
  format('insert into %s default values', name), '42501', null, 'authenticated may not write ' || name
)
from our_tables order by name;
select throws_ok(format('delete from %s', name), '42501', null, 'authenticated may not delete from ' || name)
from our_tables order by name;
select throws_ok(
  format('select %s(%s)', short_name, arguments), '42501', null, 'authenticated may not call ' || name
)
from our_functions where short_name not in ('is_operator', 'matchday_summary', 'match_timeline', 'match_events') order by name;

-- And if somebody granted them everything, there would be no row for them.
reset role;
grant usage on schema private to anon, authenticated;
grant all on all tables in schema public, private to anon, authenticated;
set local role anon;
select is_empty(format('select 1 from %s', name), 'With a grant, anon would see nothing of ' || name)
from our_tables order by name;
select throws_ok(
  $$ insert into public.teams (name, braze_attribute_value) values ('Fulham', 'fulham') $$,
  '42501', null, 'With a grant, anon could add nothing'
);
set local role authenticated;
select is_empty(format('select 1 from %s', name), 'With a grant, authenticated would see nothing of ' || name)
from our_tables order by name;
select throws_ok(
  $$ insert into public.teams (name, braze_attribute_value) values ('Fulham', 'fulham') $$,
  '42501', null, 'With a grant, authenticated could add nothing'
);

-- service_role passes by row level security, and that is how the functions work.
set local role service_role;
select isnt_empty('select 1 from public.teams', 'service_role reads teams');
select isnt_empty('select 1 from public.notification_sends', 'service_role reads events through their parent');

reset role;
select * from finish();
rollback;
