-- Whether the timed functions run, for those who ask from outside: a scheduler that is dead raises no alert.

create function public.job_states(p_now timestamptz)
returns jsonb
language sql
stable
security invoker
set search_path = ''
set jit = off
as $$
  with states as (
    select success.*, (
      select max(run.called_at)
      from public.job_runs as run
      where run.function_name = success.function_name and run.caller = 'cron'
    ) as called_at
    from private.function_successes() as success
  )
  select pg_catalog.jsonb_build_object(
    'cron_silent_since', (
      select case
        when coalesce(max(states.called_at), min(states.silent_since)) < p_now - 2 * min(states.period)
          then coalesce(max(states.called_at), min(states.silent_since))
      end
      from states
    ),
    'functions', coalesce(pg_catalog.jsonb_agg(
      pg_catalog.jsonb_build_object(
        'function_name', states.function_name,
        'period_minutes', (extract(epoch from states.period) / 60)::integer,
        'last_success_at', states.last_success_at,
        'is_late', states.silent_since < p_now - 2 * states.period
      ) order by states.period, states.function_name
    ), '[]')
  )
  from states;
$$;

comment on function public.job_states(timestamptz) is
  '{cron_silent_since: the last call by cron where it calls nothing any more, else null; functions: [{function_name, period_minutes, last_success_at, is_late: without success for twice its period}]}.';
revoke all on function public.job_states(timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.job_states(timestamptz) to service_role;
