-- Records which schedules Braze's own list shows.
--
-- Only a list that shows schedules one by one counts. A schedule is absent when such a list has shown it before, it is
-- older than 5 minutes (Braze promises no faster read after a write), and two successive lists lack it.

create function public.record_listing(p_schedule_ids text[], p_until timestamptz, p_now timestamptz)
returns jsonb
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
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
  where schedule.braze_schedule_id = any (p_schedule_ids);

  with expected as (
    select schedule.ledger_id, schedule.generation, schedule.missed_at
    from public.braze_schedules as schedule
    where schedule.state = 'live'
      and schedule.listed_at is not null
      and not schedule.braze_schedule_id = any (p_schedule_ids)
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

  return v_absent;
end;
$$;

comment on function public.record_listing(text[], timestamptz, timestamptz) is
  'Records which schedules a per-schedule listing up to p_until shows; returns those that are absent now.';
revoke all on function public.record_listing(text[], timestamptz, timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.record_listing(text[], timestamptz, timestamptz) to service_role;
