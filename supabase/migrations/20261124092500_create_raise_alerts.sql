-- Create public.raise_alerts and public.write_logs: what a person should look at, and what they may read.

create function public.raise_alerts(p_alerts jsonb, p_now timestamptz)
returns integer
language sql
volatile
security invoker
set search_path = ''
as $$
  with told as (
    select distinct on (alert.fingerprint) alert.*
    from pg_catalog.jsonb_to_recordset(p_alerts) as alert (
      fingerprint text, rule text, severity text, audience text, title text, details jsonb, match_id bigint
    )
    order by alert.fingerprint
  ),
  raised as (
    insert into public.alerts as open
      (fingerprint, rule, severity, audience, title, details, match_id, first_seen_at, last_seen_at)
    select fingerprint, rule, severity, audience, title, details, match_id, p_now, p_now
    from told
    order by fingerprint
    on conflict (fingerprint) where resolved_at is null do update
    set last_seen_at = excluded.last_seen_at,
      occurrences = open.occurrences + 1,
      severity = excluded.severity,
      title = excluded.title,
      details = excluded.details
    returning open.occurrences
  )
  select count(*)::integer from raised where raised.occurrences = 1;
$$;

comment on function public.raise_alerts(jsonb, timestamptz) is
  'Opens an alert for each fingerprint, or counts its open one up; returns how many are new.';

revoke execute on function public.raise_alerts(jsonb, timestamptz) from public;
grant execute on function public.raise_alerts(jsonb, timestamptz) to service_role;

create function public.write_logs(p_logs jsonb, p_function text, p_run_id uuid, p_now timestamptz)
returns integer
language sql
volatile
security invoker
set search_path = ''
as $$
  with written as (
    insert into public.scheduler_logs (logged_at, function_name, action, reason, match_id, run_id, details)
    select p_now, p_function, log.action, log.reason, log.match_id, p_run_id, coalesce(log.details, '{}')
    from pg_catalog.jsonb_to_recordset(p_logs) as log (action text, reason text, match_id bigint, details jsonb)
    returning id
  )
  select count(*)::integer from written;
$$;

comment on function public.write_logs(jsonb, text, uuid, timestamptz) is 'Appends [{action, reason, match_id, details}] to scheduler_logs.';

revoke execute on function public.write_logs(jsonb, text, uuid, timestamptz) from public;
grant execute on function public.write_logs(jsonb, text, uuid, timestamptz) to service_role;
