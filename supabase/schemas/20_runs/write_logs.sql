-- Appends to the log. An erased event is named by its pseudonym.

create function public.write_logs(p_logs jsonb, p_function text, p_run_id uuid, p_now timestamptz)
returns integer
language sql
volatile
security invoker
set search_path = ''
set jit = off
as $$
  with written as (
    insert into public.scheduler_logs (logged_at, function_name, action, reason, match_id, run_id, details)
    select
      p_now, p_function, log.action, log.reason, log.match_id, p_run_id,
      coalesce(log.details, '{}')
        || case when stone.pseudonym is null then '{}' else pg_catalog.jsonb_build_object('event_id', stone.pseudonym) end
    from pg_catalog.jsonb_to_recordset(p_logs) as log (action text, reason text, match_id bigint, details jsonb)
    left join lateral (
      select private.event_pseudonym(known.digest) as pseudonym
      from private.erased_events as known
      where log.details ? 'event_id' and known.digest = private.keyed_digest(log.details ->> 'event_id')
      limit 1
    ) as stone on true
    returning id
  )
  select count(*)::integer from written;
$$;

comment on function public.write_logs(jsonb, text, uuid, timestamptz) is
  'Appends [{action, reason, match_id, details}] to scheduler_logs.';
revoke all on function public.write_logs(jsonb, text, uuid, timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.write_logs(jsonb, text, uuid, timestamptz) to service_role;
