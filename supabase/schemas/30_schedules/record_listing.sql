-- Records which schedules Braze's own list shows.
--
-- Only a list that shows schedules one by one counts. A schedule is absent when such a list has shown it before, it is
-- older than 5 minutes (Braze promises no faster read after a write), and two successive lists lack it. Schedules that are
-- not ours are kept, since an event near one of them may be its own.

create function private.keep_unmanaged_schedules(p_schedules jsonb, p_now timestamptz)
returns void
language sql
volatile
security invoker
set search_path = ''
as $$
  with kept as (
    insert into private.unmanaged_schedules as known (braze_schedule_id, campaign_id, send_at_utc, first_seen_at, last_seen_at)
    select distinct on (listed.schedule_id) listed.schedule_id, listed.campaign_id, listed.send_at, p_now, p_now
    from pg_catalog.jsonb_to_recordset(p_schedules) as listed (schedule_id text, campaign_id text, send_at timestamptz)
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

comment on function private.keep_unmanaged_schedules(jsonb, timestamptz) is
  'Keeps [{schedule_id, campaign_id, send_at}] that are not in braze_schedules.';
revoke all on function private.keep_unmanaged_schedules(jsonb, timestamptz) from public, anon, authenticated, service_role;
grant execute on function private.keep_unmanaged_schedules(jsonb, timestamptz) to service_role;

create function public.record_listing(p_schedules jsonb, p_until timestamptz, p_now timestamptz)
returns jsonb
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  v_schedule_ids text[] := array(
    select listed.schedule_id from pg_catalog.jsonb_to_recordset(p_schedules) as listed (schedule_id text)
  );
  v_absent jsonb;
begin
  perform 1
  from public.schedule_ledger as ledger
  join public.braze_schedules as schedule on schedule.ledger_id = ledger.id
  where schedule.state = 'live' and schedule.send_at_utc > p_now
  order by ledger.id
  for no key update of ledger;

  update public.braze_schedules as schedule
  set listed_at = p_now, missed_at = null
  where schedule.braze_schedule_id = any (v_schedule_ids);

  with expected as (
    select schedule.ledger_id, schedule.generation, schedule.missed_at
    from public.braze_schedules as schedule
    where schedule.state = 'live'
      and schedule.listed_at is not null
      and not schedule.braze_schedule_id = any (v_schedule_ids)
      -- A schedule that is due now may be sending; one that is due after p_until is outside the list.
      and least(schedule.send_at_utc, schedule.moving_to_utc) > p_now
      and greatest(schedule.send_at_utc, schedule.moving_to_utc) <= p_until
      and schedule.created_at < p_now - interval '5 minutes'
  ),
  missed as (
    update public.braze_schedules as schedule
    set missed_at = p_now
    from expected
    where schedule.ledger_id = expected.ledger_id and schedule.generation = expected.generation
      and schedule.missed_at is null
    returning schedule.ledger_id
  )
  select coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
    'match_id', ledger.match_id,
    'ledger_id', ledger.id,
    'generation', expected.generation,
    'is_current', ledger.generation = expected.generation,
    'send_at', schedule.send_at_utc,
    'braze_schedule_id', schedule.braze_schedule_id
  ) order by ledger.match_id), '[]')
  into v_absent
  from expected
  join public.braze_schedules as schedule using (ledger_id, generation)
  join public.schedule_ledger as ledger on ledger.id = expected.ledger_id
  -- Two lists taken at the same moment count as one: two functions may ask at once.
  where expected.missed_at < p_now - interval '1 minute';

  perform private.keep_unmanaged_schedules(p_schedules, p_now);
  return v_absent;
end;
$$;

comment on function public.record_listing(jsonb, timestamptz, timestamptz) is
  'Records which schedules [{schedule_id, campaign_id, send_at}] a per-schedule listing up to p_until shows; returns those that are absent now.';
revoke all on function public.record_listing(jsonb, timestamptz, timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.record_listing(jsonb, timestamptz, timestamptz) to service_role;
