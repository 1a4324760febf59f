-- The alerts about what Braze's list and its campaigns show.
--
-- An alert about a match does not end because the time of its send has passed: it stays until its push is proved, it is no
-- longer wanted, or a person closes it.

create function private.judge_observations(p_now timestamptz)
returns jsonb
language plpgsql
volatile
security invoker
set search_path = ''
set jit = off
as $$
declare
  v_alerts jsonb;
begin
  with known as (
    select distinct on (observation.campaign_id) observation.campaign_id, observation.campaign_state as state
    from public.braze_observations as observation
    where observation.campaign_state <> 'unknown'
    order by observation.campaign_id, observation.began_at desc, observation.id desc
  ),
  last_read as (
    select distinct on (observation.campaign_id) observation.*
    from public.braze_observations as observation
    where observation.listing_mode <> 'unavailable'
    order by observation.campaign_id, observation.began_at desc, observation.id desc
  ),
  pending as (
    select
      schedule.campaign_id, ledger.match_id, ledger.generation, schedule.send_at_utc as send_at, schedule.doubt,
      schedule.doubted_at, schedule.braze_schedule_id, schedule.send_at_utc > p_now as is_ahead,
      private.match_title(ledger.match_id) as title,
      pg_catalog.to_char(schedule.send_at_utc at time zone 'utc', 'YYYY-MM-DD HH24:MI') || ' UTC' as due
    from public.schedule_ledger as ledger
    join public.matches as match on match.id = ledger.match_id
    join public.braze_schedules as schedule
      on schedule.ledger_id = ledger.id and schedule.generation = ledger.generation
    where ledger.status = 'pending' and match.status = 'scheduled'
  ),
  told (fingerprint, rule, severity, title, details, match_id) as (
    select
      'campaign_stopped:' || pending.match_id,
      'campaign_stopped',
      'critical',
      pending.title || case
        when known.state <> 'running' and pending.is_ahead
          then ': the campaign is ' || known.state || ', so its push of ' || pending.due || ' is not sent'
        else ': the campaign was stopped before its push of ' || pending.due || ', and nothing proves that it was sent'
      end,
      pg_catalog.jsonb_build_object(
        'campaign_id', pending.campaign_id, 'state', known.state, 'generation', pending.generation, 'send_at', pending.send_at
      ),
      pending.match_id
    from pending
    join known on known.campaign_id = pending.campaign_id
    where (known.state <> 'running' and pending.is_ahead)
      or (not pending.is_ahead and exists (
        select 1 from public.alerts as open
        where open.fingerprint = 'campaign_stopped:' || pending.match_id and open.resolved_at is null
      ))
    union all
    select
      'schedule_in_doubt:' || pending.match_id,
      'schedule_in_doubt',
      'critical',
      pending.title || ': ' || private.doubt_text(pending.doubt) || ' (due ' || pending.due || ')',
      pg_catalog.jsonb_build_object(
        'campaign_id', pending.campaign_id, 'reason', pending.doubt, 'since', pending.doubted_at,
        'generation', pending.generation, 'send_at', pending.send_at, 'schedule_id', pending.braze_schedule_id
      ),
      pending.match_id
    from pending
    where pending.doubt is not null
      and (pending.is_ahead or exists (
        select 1 from public.alerts as open
        where open.fingerprint = 'schedule_in_doubt:' || pending.match_id and open.resolved_at is null
      ))
    union all
    select
      'listing_empty:' || pending.campaign_id,
      'listing_empty',
      'critical',
      'Braze''s listing is empty, but ' || private.counted_text(count(*), 'upcoming schedule was', 'upcoming schedules were') || ' listed before',
      pg_catalog.jsonb_build_object('campaign_id', pending.campaign_id, 'matches', pg_catalog.jsonb_agg(
        pg_catalog.jsonb_build_object('match_id', pending.match_id, 'send_at', pending.send_at)
        order by pending.send_at, pending.match_id
      )),
      null
    from pending
    where pending.doubt = 'list_empty' and pending.is_ahead
    group by pending.campaign_id
    union all
    select
      'absence_limit_reached:' || pending.campaign_id,
      'absence_limit_reached',
      'critical',
      'Braze''s list lacks ' || private.counted_text(count(*), 'schedule', 'schedules') || ' at once: is it complete? None of them was cancelled',
      pg_catalog.jsonb_build_object('campaign_id', pending.campaign_id, 'matches', pg_catalog.jsonb_agg(
        pg_catalog.jsonb_build_object('match_id', pending.match_id, 'send_at', pending.send_at)
        order by pending.send_at, pending.match_id
      )),
      null
    from pending
    where pending.doubt = 'missing_with_many' and pending.is_ahead
    group by pending.campaign_id
    union all
    select
      'unmanaged_send_expected:' || last_read.campaign_id || ':'
        || pg_catalog.to_char(last_read.listed_next_send at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI'),
      'unmanaged_send_expected',
      'warning',
      'Braze''s next send of the campaign is at '
        || pg_catalog.to_char(last_read.listed_next_send at time zone 'utc', 'YYYY-MM-DD HH24:MI')
        || ' UTC, for which the suite never scheduled a push',
      pg_catalog.jsonb_build_object(
        'campaign_id', last_read.campaign_id, 'send_at', last_read.listed_next_send,
        'expected_next_send', last_read.expected_next_send
      ),
      null
    from last_read
    where last_read.unmanaged_send_expected and last_read.listed_next_send > p_now
    union all
    -- Nobody took it out of the list before its time, so it was sent.
    select open.fingerprint, open.rule, open.severity, open.title, open.details, null
    from public.alerts as open
    where open.rule = 'unmanaged_send_expected' and open.resolved_at is null
      and (open.details ->> 'send_at')::timestamptz <= p_now
  )
  select coalesce(pg_catalog.jsonb_agg(
    pg_catalog.to_jsonb(told) || jsonb '{"audience": "admin"}' order by told.fingerprint
  ), '[]')
  into v_alerts
  from told;

  return public.sync_alerts(
    array['campaign_stopped', 'schedule_in_doubt', 'listing_empty', 'absence_limit_reached', 'unmanaged_send_expected'],
    v_alerts, p_now
  );
end;
$$;

comment on function private.judge_observations(timestamptz) is
  'Alerts campaign_stopped, schedule_in_doubt, listing_empty, absence_limit_reached and unmanaged_send_expected, and resolves them; returns {raised, resolved}.';
revoke all on function private.judge_observations(timestamptz) from public, anon, authenticated, service_role;
grant execute on function private.judge_observations(timestamptz) to service_role;
