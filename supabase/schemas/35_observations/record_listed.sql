-- What a list that shows schedules one by one says about ours: present, missing, or back.
--
-- Absence is the only thing here that changes a ledger row, so it needs the most: an earlier list showed the schedule, two
-- lists at least 4 minutes apart lack it, both begun 5 minutes or more after its last change, its campaign runs, and not
-- too many schedules are missing at once: then it is the list that is short. What a list shows again was never gone.

create function private.keep_unmanaged_schedules(p_campaign_id text, p_schedules jsonb, p_now timestamptz)
returns void
language sql
volatile
security invoker
set search_path = ''
set jit = off
as $$
  with kept as (
    insert into private.unmanaged_schedules as known (braze_schedule_id, campaign_id, send_at_utc, first_seen_at, last_seen_at)
    select distinct on (listed.schedule_id) listed.schedule_id, p_campaign_id, listed.send_at, p_now, p_now
    from pg_catalog.jsonb_to_recordset(p_schedules) as listed (schedule_id text, send_at timestamptz)
    where listed.send_at is not null
      and not exists (
        select 1 from public.braze_schedules as ours where ours.braze_schedule_id = listed.schedule_id
      )
    order by listed.schedule_id
    on conflict (braze_schedule_id) do update
    set send_at_utc = excluded.send_at_utc, last_seen_at = excluded.last_seen_at
    returning known.send_at_utc, known.first_seen_at
  )
  insert into private.rejudgements (kind, value, changed_at)
  select distinct 'time', kept.send_at_utc::text, p_now
  from kept
  -- No event has been received that is dated after now.
  where kept.first_seen_at = p_now and kept.send_at_utc < p_now + interval '15 minutes';
$$;

comment on function private.keep_unmanaged_schedules(text, jsonb, timestamptz) is
  'Keeps the listed schedules [{schedule_id, send_at}] that are not in braze_schedules: an event near one of them may be its own.';
revoke all on function private.keep_unmanaged_schedules(text, jsonb, timestamptz) from public, anon, authenticated, service_role;
grant execute on function private.keep_unmanaged_schedules(text, jsonb, timestamptz) to service_role;

create function private.take_back_absences(p_schedule_ids text[], p_run_id uuid, p_now timestamptz)
returns void
language sql
volatile
security invoker
set search_path = ''
set jit = off
as $$
  with back as (
    update public.braze_schedules as schedule
    set state = 'live', updated_at = p_now
    where schedule.braze_schedule_id = any (p_schedule_ids)
      and schedule.state = 'deleted' and schedule.absent_at is not null
    returning schedule.ledger_id, schedule.generation
  ),
  wanted_again as (
    update public.schedule_ledger as ledger
    set status = 'pending', cancel_reason = null, notes = 'Braze lists its schedule again', updated_at = p_now
    from back
    where ledger.id = back.ledger_id and ledger.generation = back.generation
      and ledger.status = 'cancelled' and ledger.cancel_reason = 'dashboard'
    returning ledger.id
  )
  insert into public.scheduler_logs (logged_at, function_name, action, reason, match_id, run_id, details)
  select
    p_now, 'braze-preflight-check', 'absence_taken_back', 'Braze lists the schedule again', ledger.match_id, p_run_id,
    pg_catalog.jsonb_build_object(
      'generation', back.generation,
      'is_pending_again', exists (select 1 from wanted_again where wanted_again.id = back.ledger_id)
    )
  from back
  join public.schedule_ledger as ledger on ledger.id = back.ledger_id;
$$;

comment on function private.take_back_absences(text[], uuid, timestamptz) is
  'Makes schedules live again that were taken for absent and are listed, and their ledger rows pending, so that the scheduler decides about them.';
revoke all on function private.take_back_absences(text[], uuid, timestamptz) from public, anon, authenticated, service_role;
grant execute on function private.take_back_absences(text[], uuid, timestamptz) to service_role;

create function private.record_listed(
  p_observation public.braze_observations,
  p_schedules jsonb,
  p_is_running boolean,
  p_absences_max integer,
  p_absence_share_max numeric,
  p_now timestamptz
)
returns void
language plpgsql
volatile
security invoker
set search_path = ''
set jit = off
as $$
declare
  v_began_at timestamptz := p_observation.began_at;
  v_schedule_ids text[] := array(
    select listed.schedule_id from pg_catalog.jsonb_to_recordset(p_schedules) as listed (schedule_id text)
  );
  v_lacking text[];
  v_shown integer;
  v_standing integer;
  v_is_within_cap boolean;
begin
  perform private.keep_listed_schedules(p_observation.campaign_id, p_schedules, v_began_at);
  perform private.keep_unmanaged_schedules(p_observation.campaign_id, p_schedules, p_now);
  perform private.take_back_absences(v_schedule_ids, p_observation.run_id, p_now);

  update public.braze_schedules as schedule
  set listed_at = v_began_at,
    missed_at = null,
    absent_at = null,
    -- The list of the look that saw the campaign start may be older than the start.
    doubt = case when schedule.doubted_at > v_began_at - interval '4 minutes' and schedule.doubt = 'campaign_restarted' then schedule.doubt end,
    doubted_at = case when schedule.doubted_at > v_began_at - interval '4 minutes' and schedule.doubt = 'campaign_restarted' then schedule.doubted_at end
  where schedule.braze_schedule_id = any (v_schedule_ids);

  update public.braze_schedules as schedule
  set missed_at = v_began_at
  where schedule.campaign_id = p_observation.campaign_id and schedule.state = 'live'
    and schedule.listed_at is not null
    and not schedule.braze_schedule_id = any (v_schedule_ids)
    -- A schedule that is due now may be sending; one that is due after the list's end is outside it.
    and least(schedule.send_at_utc, schedule.moving_to_utc) > p_now
    and greatest(schedule.send_at_utc, schedule.moving_to_utc) <= p_observation.covers_until
    and schedule.updated_at <= v_began_at - interval '5 minutes'
    -- What was missed before its last change counts as never missed.
    and (schedule.missed_at is null or schedule.missed_at < schedule.updated_at + interval '5 minutes');

  select
    pg_catalog.array_agg(schedule.braze_schedule_id) filter (
      where schedule.state = 'live'
        and schedule.missed_at <= v_began_at - interval '4 minutes'
        and schedule.missed_at >= schedule.updated_at + interval '5 minutes'
        and least(schedule.send_at_utc, schedule.moving_to_utc) > p_now
        and greatest(schedule.send_at_utc, schedule.moving_to_utc) <= p_observation.covers_until
        -- Braze dropped it with its campaign: nobody cancelled it.
        and schedule.doubt is distinct from 'campaign_restarted'
    ),
    count(*) filter (where schedule.state = 'live' and schedule.send_at_utc > p_now),
    count(*) filter (where schedule.state = 'deleted' and schedule.absent_at > p_now - interval '24 hours')
  into v_lacking, v_shown, v_standing
  from public.braze_schedules as schedule
  where schedule.campaign_id = p_observation.campaign_id and schedule.listed_at is not null;
  v_is_within_cap := coalesce(pg_catalog.cardinality(v_lacking), 0) + v_standing <= greatest(
    1, least(p_absences_max, pg_catalog.floor(p_absence_share_max * (v_shown + v_standing)))
  );

  update public.braze_schedules as schedule
  set absent_at = case when p_is_running and v_is_within_cap then coalesce(schedule.absent_at, v_began_at) end,
    doubt = case when p_is_running and not v_is_within_cap then 'missing_with_many' else schedule.doubt end,
    doubted_at = case when p_is_running and not v_is_within_cap then coalesce(schedule.doubted_at, p_now) else schedule.doubted_at end
  where schedule.braze_schedule_id = any (v_lacking);
end;
$$;

comment on function private.record_listed(braze_observations, jsonb, boolean, integer, numeric, timestamptz) is
  'Records which schedules of a campaign its per-schedule list shows [{schedule_id, send_at, trigger_properties, dispatch_id, send_id}], lacks, or shows again.';
revoke all on function private.record_listed(braze_observations, jsonb, boolean, integer, numeric, timestamptz) from public, anon, authenticated, service_role;
grant execute on function private.record_listed(braze_observations, jsonb, boolean, integer, numeric, timestamptz) to service_role;
