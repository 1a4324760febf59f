-- The period over which a match is sent, over all its schedules.

create function private.sending_span(p_ledger_ids uuid[])
returns tstzrange
language sql
stable
security invoker
set search_path = ''
as $$
  select pg_catalog.tstzrange(min(sending.starts_at) - interval '1 hour', max(sending.ends_at) + interval '1 day')
  from (
    select ledger.send_at_utc as starts_at, ledger.send_at_utc as ends_at
    from public.schedule_ledger as ledger
    where ledger.id = any (p_ledger_ids)
    union all
    -- Only generations that were sent: a match that was moved by months has older ones that were not.
    select least(schedule.send_at_utc, schedule.moving_to_utc), greatest(schedule.send_at_utc, schedule.moving_to_utc, schedule.first_event_at)
    from public.braze_schedules as schedule
    where schedule.ledger_id = any (p_ledger_ids) and schedule.first_event_at is not null
  ) as sending;
$$;

comment on function private.sending_span(uuid[]) is
  'The period in which these matches were sent, over all their generations that were sent. A send may run late for a day.';
revoke all on function private.sending_span(uuid[]) from public, anon, authenticated, service_role;
grant execute on function private.sending_span(uuid[]) to service_role;
