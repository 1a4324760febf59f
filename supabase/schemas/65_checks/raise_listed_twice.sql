-- Raises the harm double_push for a match that the feed lists under two ids and that was pushed under both.
--
-- Each of the two pushes is right for its id, so nothing else calls it a second one; and same_fixture_twice, which told of it
-- before, ends with the match.

create function private.raise_listed_twice(p_now timestamptz)
returns void
language plpgsql
volatile
security invoker
set search_path = ''
set jit = off
as $$
declare
  v_alerts jsonb;
begin
  with listed as (
    select
      'double_push:' || (told.details #>> '{match_ids,0}') || ':' || (told.details #>> '{match_ids,1}') as fingerprint,
      told.details,
      (told.details #>> '{match_ids,0}')::bigint as one_id,
      (told.details #>> '{match_ids,1}')::bigint as other_id
    from public.alerts as told
    -- A warning: two teams of one name may play on one day.
    where told.rule = 'same_fixture_twice' and told.severity = 'critical'
      and coalesce(told.resolved_at, p_now) > p_now - interval '1 day'
  )
  select coalesce(pg_catalog.jsonb_agg(distinct pg_catalog.jsonb_build_object(
    'fingerprint', listed.fingerprint,
    'rule', 'double_push',
    'severity', 'critical',
    'audience', 'admin',
    'title', private.match_title(listed.one_id) || ' was pushed a second time as match ' || listed.other_id
      || ': the feed lists it twice',
    'details', listed.details,
    -- Of no match alone: what judges the events of one does not see it.
    'match_id', null
  )), '[]')
  into v_alerts
  from listed
  where (
      select count(*)
      from public.schedule_ledger as ledger
      where ledger.match_id in (listed.one_id, listed.other_id) and ledger.replaced_at is null and ledger.status = 'sent'
    ) = 2
    -- A person who has closed it is not told again.
    and not exists (select 1 from public.alerts as known where known.fingerprint = listed.fingerprint);
  perform public.raise_alerts(v_alerts, p_now);
end;
$$;

comment on function private.raise_listed_twice(timestamptz) is
  'Raises double_push once for each two ids of one match that were both pushed.';
revoke all on function private.raise_listed_twice(timestamptz) from public, anon, authenticated, service_role;
grant execute on function private.raise_listed_twice(timestamptz) to service_role;
