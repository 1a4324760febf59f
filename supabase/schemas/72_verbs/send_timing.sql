-- The settings of the scheduler that decide by when something can still be done for a match.
--
-- The functions have them in their environment, where SQL cannot look; each run of the scheduler says with which it planned.

create function private.send_timing()
returns table (send_lead interval, freeze interval, create_lead interval, horizon interval)
language sql
stable
security invoker
set search_path = ''
set jit = off
as $$
  select
    pg_catalog.make_interval(secs => coalesce((told.timing ->> 'send_lead_seconds')::integer, 3600)),
    pg_catalog.make_interval(secs => coalesce((told.timing ->> 'freeze_seconds')::integer, 900)),
    pg_catalog.make_interval(secs => coalesce((told.timing ->> 'create_lead_seconds')::integer, 180)),
    pg_catalog.make_interval(secs => coalesce((told.timing ->> 'horizon_seconds')::integer, 604800))
  from (values (true)) as once (always)
  left join lateral (
    select run.summary -> 'timing' as timing
    from public.job_runs as run
    where run.function_name = 'braze-scheduler' and run.summary ? 'timing'
    order by run.called_at desc
    limit 1
  ) as told on true;
$$;

comment on function private.send_timing() is
  'SEND_LEAD_MINUTES, FREEZE_MINUTES, CREATE_LEAD_MINUTES and HORIZON_DAYS of the last run of the scheduler that says them; their defaults before the first one.';
revoke all on function private.send_timing() from public, anon, authenticated, service_role;
grant execute on function private.send_timing() to authenticated, service_role;
