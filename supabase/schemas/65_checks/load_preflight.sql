-- The sends that are near, with all input of their last check.
--
-- A run may be late or lost, so a send that is due sooner than the window and was not checked for its present time is
-- included. What was checked stays included until it is due, so that its alerts stand as long as their cause.

create function public.load_preflight(p_from timestamptz, p_until timestamptz, p_now timestamptz)
returns jsonb
language plpgsql
stable
security invoker
set search_path = ''
set jit = off
as $$
declare
  v_checks jsonb;
begin
  with times as (
    select ledger.id, ledger.send_at_utc as send_at
    from public.schedule_ledger as ledger
    where ledger.send_at_utc > p_now
      and (
        (ledger.status = 'pending' and ledger.send_at_utc <= p_until)
        -- Gone from Braze, by an earlier check or a reconciliation hours ahead: its alert stands until the time of the send.
        or ledger.cancel_reason = 'dashboard'
      )
    union all
    -- A move without an answer: the send may happen at either time.
    select ledger.id, schedule.moving_to_utc
    from public.braze_schedules as schedule
    join public.schedule_ledger as ledger
      on ledger.id = schedule.ledger_id and ledger.generation = schedule.generation
    where schedule.moving_to_utc > p_now and schedule.moving_to_utc <= p_until and ledger.status = 'pending'
  ),
  near as (
    select times.id, min(times.send_at) as send_at from times group by times.id
  )
  select coalesce(pg_catalog.jsonb_agg(
    pg_catalog.jsonb_build_object(
      'match_id', ledger.match_id,
      'send_at', near.send_at,
      'dispatch_id', ledger.dispatch_id,
      'send_id', ledger.send_id,
      'is_due', ledger.status = 'pending' and (
        near.send_at >= p_from
        or ledger.preflight_at is null
        -- Checked for a time that has changed since.
        or ledger.preflight_at < near.send_at - (p_until - p_now)
      )
    )
    order by near.send_at, ledger.match_id
  ), '[]')
  into v_checks
  from near
  join public.schedule_ledger as ledger on ledger.id = near.id;

  return pg_catalog.jsonb_build_object(
    'checks', v_checks,
    'input', public.load_plan_input(
      '-infinity',
      'infinity',
      p_now,
      array(
        select near.match_id from pg_catalog.jsonb_to_recordset(v_checks) as near (match_id bigint)
      )
    )
  );
end;
$$;

comment on function public.load_preflight(timestamptz, timestamptz, timestamptz) is
  'Sends in (p_now, p_until], soonest first: is_due where p_from is reached or no check was made yet; and schedules that disappeared from Braze before their time.';
revoke all on function public.load_preflight(timestamptz, timestamptz, timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.load_preflight(timestamptz, timestamptz, timestamptz) to service_role;
