-- The last look at Braze, from which pre-flight, reconcile and the count audit judge.

create function public.load_observation(p_now timestamptz)
returns jsonb
language sql
stable
security invoker
set search_path = ''
set jit = off
as $$
  with last as (
    select distinct on (observation.campaign_id) observation.*
    from public.braze_observations as observation
    where observation.began_at > p_now - interval '1 day' and observation.began_at <= p_now
    order by observation.campaign_id, observation.began_at desc, observation.id desc
  )
  select pg_catalog.jsonb_build_object(
    'campaigns', coalesce((
      select pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
        'campaign_id', last.campaign_id,
        'began_at', last.began_at,
        'until', last.covers_until,
        'listing_mode', last.listing_mode,
        'listed_next_send', last.listed_next_send,
        'expected_next_send', last.expected_next_send,
        'next_send_agrees', last.next_send_agrees,
        'campaign_state', last.campaign_state,
        'campaign_detail', last.campaign_detail,
        'send_gate', last.send_gate
      ) order by last.campaign_id)
      from last
    ), '[]'),
    'schedules', coalesce((
      select pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
        'campaign_id', listed.campaign_id,
        'schedule_id', listed.braze_schedule_id,
        'send_at', listed.send_at_utc,
        'trigger_properties', listed.trigger_properties,
        'dispatch_id', listed.dispatch_id,
        'send_id', listed.send_id
      ) order by listed.send_at_utc, listed.braze_schedule_id)
      from private.listed_schedules as listed
      join last on last.campaign_id = listed.campaign_id
      where listed.shown_until is null and last.listing_mode = 'per_schedule'
        -- The list is older than a delete that was requested since.
        and not exists (
          select 1
          from public.schedule_attempts as attempt
          where attempt.kind = 'delete' and attempt.opened_at >= last.began_at
            and attempt.braze_schedule_id = listed.braze_schedule_id
            and attempt.outcome is distinct from 'failed'
        )
    ), '[]'),
    'absent', coalesce((
      select pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
        'match_id', ledger.match_id,
        'ledger_id', ledger.id,
        'generation', schedule.generation,
        'is_current', ledger.generation = schedule.generation,
        'send_at', schedule.send_at_utc,
        'braze_schedule_id', schedule.braze_schedule_id
      ) order by ledger.match_id, schedule.generation)
      from public.braze_schedules as schedule
      join public.schedule_ledger as ledger on ledger.id = schedule.ledger_id
      where schedule.state = 'live' and schedule.absent_at is not null and schedule.send_at_utc > p_now
    ), '[]')
  );
$$;

comment on function public.load_observation(timestamptz) is
  'The last look at each campaign within a day, the entries of its per-schedule list, and which of our schedules are absent.';
revoke all on function public.load_observation(timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.load_observation(timestamptz) to service_role;
