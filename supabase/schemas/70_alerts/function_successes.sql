-- When each timed function last succeeded, for all who judge that against its period.

create function private.function_successes()
returns table (
  function_name text,
  period interval,
  last_success_at timestamptz,
  silent_since timestamptz,
  last_outcome text,
  last_error text
)
language sql
stable
security invoker
set search_path = ''
set jit = off
as $$
  select
    job.function_name,
    job.period,
    good.finished_at as last_success_at,
    coalesce(good.finished_at, first_call.called_at, job.watched_since) as silent_since,
    last_call.outcome as last_outcome,
    last_call.error as last_error
  from private.job_periods as job
  left join lateral (
    select run.finished_at
    from public.job_runs as run
    where run.function_name = job.function_name and run.outcome in ('succeeded', 'partial') and not run.dry_run
    order by run.called_at desc
    limit 1
  ) as good on true
  left join lateral (
    select run.called_at
    from public.job_runs as run
    where run.function_name = job.function_name
    order by run.called_at
    limit 1
  ) as first_call on true
  left join lateral (
    select run.outcome, run.error
    from public.job_runs as run
    where run.function_name = job.function_name
    order by run.called_at desc
    limit 1
  ) as last_call on true;
$$;

comment on function private.function_successes() is
  'Each timed function with its period, its last success, since when it is silent (a new one counts from when it was watched), and how its last run ended.';
revoke all on function private.function_successes() from public, anon, authenticated, service_role;
grant execute on function private.function_successes() to service_role;
