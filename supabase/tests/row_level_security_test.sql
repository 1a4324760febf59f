-- Row level security at work where PostgREST does not reach: a table of the schema private and the partitions would
-- show no row even if somebody granted them by mistake. Here and not over HTTP, on the database that was pushed.
--
-- Who may do what is stated in tests/security/rights.ts, and compared with the catalogue by the tests of
-- tests/database/rules; tests/security asks for all of the schema public over HTTP.

begin;
create extension if not exists pgtap with schema extensions;
-- Functions are granted to nobody by default here, and the roles below call those of pgTAP.
grant execute on all functions in schema extensions to public;
select no_plan();

-- A row in each, so that seeing none means something.
insert into public.teams (name, braze_attribute_value) values ('Arsenal', 'arsenal');
insert into public.notification_sends
  (sent_at, event_id, event_type, channel, received_at, time_kind, correlation_method, confidence, raw_payload)
values (now(), 'e', 'send', 'push', now(), 'send', 'no_candidate', 'none', '{}');
insert into public.matches (id, competition, home_team, away_team, kickoff_at)
values (1, 'Premier League', 'Arsenal', 'Chelsea', now());
insert into public.schedule_ledger
  (id, match_id, campaign_id, generation, signature, send_at_utc, created_at, updated_at)
values ('00000000-0000-4000-8000-000000000001', 1, 'c', 1, '', now(), now(), now());
-- A trigger writes its times, and the events to judge again.
insert into public.braze_schedules
  (ledger_id, generation, campaign_id, send_at_utc, state, created_at, updated_at)
values ('00000000-0000-4000-8000-000000000001', 1, 'c', now(), 'creating', now(), now());
insert into private.schedule_holds (ledger_id, generation, users, held_at)
values ('00000000-0000-4000-8000-000000000001', 1, 10, now());
insert into private.recounts (ledger_id, marked_at) values ('00000000-0000-4000-8000-000000000001', now());
insert into private.recount_progress (marked_until) values (now());
insert into private.unmanaged_schedules (braze_schedule_id, campaign_id, send_at_utc, first_seen_at, last_seen_at)
values ('s', 'c', now(), now(), now());
insert into private.held_changes (ledger_id, match_id, kind, held_at)
values ('00000000-0000-4000-8000-000000000001', 1, 'removal', now());
insert into private.listed_schedules (campaign_id, braze_schedule_id, shown_from) values ('c', 's', now());
insert into private.braze_answers (function_name, operation, permission, updated_at) values ('f', 'o', 'p', now());
insert into private.erased_users (user_digest, pseudonym, device_key, anonymise_until, erased_at)
values ('\x01', 'erased-1', '\x02', now(), now());
insert into private.erased_ids (id_digest, user_digest) values ('\x03', '\x01');
insert into private.erased_events (digest, erased_at) values ('\x01', now());

create temporary table hidden as
select class.oid::regclass::text as name
from pg_catalog.pg_class as class
where class.relnamespace = 'private'::regnamespace and class.relkind in ('r', 'p') and not class.relispartition
union all
select tableoid::regclass::text from public.notification_sends where event_id = 'e';
grant select on hidden to public;
select isnt_empty(format('select 1 from %s', name), 'There is a row in ' || name) from hidden order by name;

-- As things are, the roles that the world can reach may not even ask.
set local role anon;
select throws_ok('select 1 from public.teams', '42501', null, 'anon may not read teams');
select throws_ok('select 1 from private.settings', '42501', null, 'anon may not read settings');
select throws_ok('select public.is_operator()', '42501', null, 'anon may not call is_operator()');
set local role authenticated;
select throws_ok('select 1 from public.event_claims', '42501', null, 'authenticated may not read event claims');
select throws_ok('select 1 from private.erased_users', '42501', null, 'authenticated may not read erased users');
-- Operators may, and there is no row for anybody else.
select is_empty('select 1 from public.teams', 'Who is no operator sees no team');
select is_empty('select 1 from private.settings', 'Who is no operator sees no setting');

-- And if somebody granted them everything, there would be no row for them, and for an operator none but what verdicts read.
reset role;
grant usage on schema private to anon, authenticated;
grant all on all tables in schema public, private to anon, authenticated;
set local role anon;
select is_empty(format('select 1 from %s', name), 'With a grant, anon would see nothing of ' || name)
from hidden order by name;
select throws_ok(
  $$ insert into private.erased_events (digest, erased_at) values ('\x02', now()) $$,
  '42501', null, 'With a grant, anon could add nothing'
);
set local role authenticated;
select set_config('request.jwt.claims', '{"app_metadata": {"role": "operator"}}', true);
select is_empty(format('select 1 from %s', name), 'With a grant, an operator would see nothing of ' || name)
from hidden
where name not in ('private.held_changes', 'private.listed_schedules', 'private.schedule_holds', 'private.settings')
order by name;
select throws_ok(
  $$ insert into private.erased_events (digest, erased_at) values ('\x02', now()) $$,
  '42501', null, 'With a grant, an operator could add nothing'
);

-- service_role passes by row level security, and that is how the functions work.
set local role service_role;
select isnt_empty('select 1 from public.notification_sends', 'service_role reads events through their parent');

reset role;
select * from finish();
rollback;
