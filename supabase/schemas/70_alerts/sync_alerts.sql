-- Raises alerts, and resolves those whose cause is gone.
--
-- A function that checks some rules over all matches (or over some) passes the alerts that it found; every other open alert
-- under those rules is resolved.

create function public.sync_alerts(
  p_rules text[],
  p_alerts jsonb,
  p_now timestamptz,
  p_match_ids bigint[] default null
)
returns jsonb
language plpgsql
volatile
security invoker
set search_path = ''
set jit = off
as $$
declare
  v_raised integer;
  v_resolved integer;
begin
  v_raised := public.raise_alerts(p_alerts, p_now);

  with gone as (
    select open.id, private.has_time_passed(open, p_now) as has_time_passed
    from public.alerts as open
    where open.resolved_at is null
      and open.rule = any (p_rules)
      and (p_match_ids is null or open.match_id = any (p_match_ids))
      and not exists (
        select 1
        from pg_catalog.jsonb_to_recordset(p_alerts) as told (fingerprint text)
        where told.fingerprint = open.fingerprint
      )
    order by open.fingerprint
    for update
  ),
  resolved as (
    update public.alerts as open
    set resolved_at = p_now, resolved_as = case when gone.has_time_passed then 'time_passed' end
    from gone
    where open.id = gone.id
    returning open.id
  )
  select count(*)::integer into v_resolved from resolved;

  return pg_catalog.jsonb_build_object('raised', v_raised, 'resolved', v_resolved);
end;
$$;

comment on function public.sync_alerts(text[], jsonb, timestamptz, bigint[]) is
  'Raises the given alerts and resolves what else is open under p_rules, of p_match_ids or of everything; returns {raised, resolved}.';
revoke all on function public.sync_alerts(text[], jsonb, timestamptz, bigint[]) from public, anon, authenticated, service_role;
grant execute on function public.sync_alerts(text[], jsonb, timestamptz, bigint[]) to service_role;
