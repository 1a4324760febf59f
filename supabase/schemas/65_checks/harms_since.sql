-- How far back each run looks for pushes that ended badly.
--
-- Three days cover what is doubted for a day, and events that come late. After an outage of all functions the next run looks
-- back to what the last one before it could not know yet: a push that was lost then is told late, but it is told.

create function private.harms_since(p_now timestamptz)
returns timestamptz
language sql
stable
security invoker
set search_path = ''
set jit = off
as $$
  select greatest(p_now - interval '30 days', (
    select run.called_at - interval '3 days'
    from public.job_runs as run
    where run.function_name = 'braze-preflight-check' and run.outcome = 'succeeded' and not run.dry_run
      and run.called_at <= p_now
    order by run.called_at desc
    limit 1
  ));
$$;

comment on function private.harms_since(timestamptz) is
  'Since when pushes are judged again for harms: three days before the last complete pre-flight run, at most 30 days.';
revoke all on function private.harms_since(timestamptz) from public, anon, authenticated, service_role;
grant execute on function private.harms_since(timestamptz) to service_role;
