-- Finds users who got the push of one match twice, from the events themselves.
--
-- It needs no listing, so it works when Braze's list does not show schedules one by one. Only Send events of push count:
-- an open or a bounce is no second push, and a Send for each device of a user is how Braze sends. A manual schedule names no
-- generation, so generation and dispatch id can both be missing. A send takes minutes: what reached one device twice, more
-- than ten minutes apart, were two pushes.

create function public.detect_double_pushes(p_from timestamptz, p_until timestamptz, p_now timestamptz)
returns jsonb
language plpgsql
volatile
security invoker
set search_path = ''
-- With the window known to the planner it looks at its partitions alone; a matchday is half a million events.
set plan_cache_mode = 'force_custom_plan'
set work_mem = '64MB'
as $$
declare
  v_ledger_ids uuid[];
  v_match_ids bigint[];
  v_span_from timestamptz;
  v_span_until timestamptz;
  v_found jsonb;
  v_synced jsonb;
begin
  -- Matches of the period, and matches with an open alert in it: one of their events may have been reattributed
  -- since.
  select
    coalesce(pg_catalog.array_agg(judged.ledger_id), '{}'),
    coalesce(pg_catalog.array_agg(judged.match_id), '{}')
  into v_ledger_ids, v_match_ids
  from (
    select event.ledger_id, event.match_id
    from public.notification_sends as event
    where event.sent_at >= p_from and event.sent_at < p_until
      and event.channel = 'push' and event.event_type = 'send' and event.confidence in ('high', 'medium')
    union
    select ledger.id, ledger.match_id
    from public.alerts as open
    join public.schedule_ledger as ledger on ledger.match_id = open.match_id
    where open.resolved_at is null and open.rule = 'double_push'
      and (open.details ->> 'first_sent_at')::timestamptz < p_until
      and (open.details ->> 'last_sent_at')::timestamptz >= p_from
  ) as judged;
  -- The other push of a match may be long before the period.
  select least(p_from, lower(span.sending)), greatest(p_until, upper(span.sending)) into v_span_from, v_span_until
  from private.sending_span(v_ledger_ids) as span (sending);

  with sends as materialized (
    -- Ids compare by bytes: a language's collation costs more than all the rest.
    select
      event.ledger_id,
      event.external_user_id collate "C" as external_user_id,
      event.device_id collate "C" as device_id,
      event.generation,
      event.dispatch_id collate "C" as dispatch_id,
      event.sent_at,
      event.time_kind = 'send' as has_send_time
    from public.notification_sends as event
    where event.sent_at >= v_span_from and event.sent_at < v_span_until
      and event.ledger_id = any (v_ledger_ids)
      and event.channel = 'push' and event.event_type = 'send' and event.confidence in ('high', 'medium')
  ),
  by_device as (
    select
      sends.ledger_id,
      sends.external_user_id,
      sends.device_id,
      count(*) as sends,
      min(sends.sent_at) as first_sent_at,
      max(sends.sent_at) as last_sent_at,
      max(sends.sent_at) filter (where sends.has_send_time)
        - min(sends.sent_at) filter (where sends.has_send_time) as apart,
      min(sends.generation) as first_generation,
      max(sends.generation) as last_generation,
      min(sends.dispatch_id) as one_dispatch_id,
      max(sends.dispatch_id) as another_dispatch_id
    from sends
    group by sends.ledger_id, sends.external_user_id, sends.device_id
  ),
  by_user as (
    select
      by_device.ledger_id,
      coalesce(by_device.external_user_id, by_device.device_id) as recipient,
      sum(by_device.sends) as sends,
      min(by_device.first_sent_at) as first_sent_at,
      max(by_device.last_sent_at) as last_sent_at,
      min(by_device.one_dispatch_id) as one_dispatch_id,
      max(by_device.another_dispatch_id) as another_dispatch_id
    from by_device
    where by_device.external_user_id is not null or by_device.device_id is not null
    group by by_device.ledger_id, 2
    having min(by_device.first_generation) <> max(by_device.last_generation)
      or pg_catalog.bool_or(by_device.one_dispatch_id <> by_device.another_dispatch_id)
        filter (where by_device.device_id is not null)
      -- Without dispatch ids: one send takes minutes, so two events this far apart are two sends.
      or pg_catalog.bool_or(by_device.apart > interval '10 minutes')
        filter (where by_device.device_id is not null)
  ),
  by_match as (
    select
      by_user.ledger_id,
      count(*) as users,
      sum(by_user.sends) as sends,
      min(by_user.first_sent_at) as first_sent_at,
      max(by_user.last_sent_at) as last_sent_at,
      pg_catalog.array_agg(distinct by_user.one_dispatch_id) || pg_catalog.array_agg(distinct by_user.another_dispatch_id)
        as dispatch_ids,
      (pg_catalog.array_agg(by_user.recipient order by by_user.recipient))[1:10] as sample_users
    from by_user
    group by by_user.ledger_id
  )
  select coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
    'fingerprint', 'double_push:' || ledger.match_id,
    'rule', 'double_push',
    'severity', 'critical',
    'audience', 'admin',
    'title', private.match_title(ledger.match_id) || ' was pushed more than once to ' || by_match.users
      || case by_match.users when 1 then ' user' else ' users' end,
    'match_id', ledger.match_id,
    'details', pg_catalog.jsonb_build_object(
      'users', by_match.users,
      'sends', by_match.sends,
      'generations', (
        select coalesce(pg_catalog.jsonb_agg(distinct sends.generation), '[]')
        from sends
        where sends.ledger_id = by_match.ledger_id and sends.generation is not null
      ),
      'dispatch_ids', array(
        select distinct reported.dispatch_id
        from pg_catalog.unnest(by_match.dispatch_ids) as reported (dispatch_id)
        where reported.dispatch_id is not null
        order by reported.dispatch_id
        limit 10
      ),
      'sample_users', by_match.sample_users,
      'first_sent_at', by_match.first_sent_at,
      'last_sent_at', by_match.last_sent_at
    )
  ) order by ledger.match_id), '[]')
  into v_found
  from by_match
  join public.schedule_ledger as ledger on ledger.id = by_match.ledger_id
  where ledger.id = any (v_ledger_ids);

  v_synced := public.sync_alerts(
    array['double_push'],
    (
      select coalesce(pg_catalog.jsonb_agg(found.alert), '[]')
      from pg_catalog.jsonb_array_elements(v_found) as found (alert)
      -- An alert that a person closed opens again only when the numbers grow.
      where not exists (
        select 1
        from public.alerts as closed
        where closed.fingerprint = found.alert ->> 'fingerprint' and closed.resolved_at is not null
          and closed.details -> 'no_longer_seen' is null
          and closed.details -> 'sends' = found.alert #> '{details,sends}'
      )
    ),
    p_now,
    v_match_ids
  );
  update public.alerts as gone
  set details = gone.details || jsonb '{"no_longer_seen": true}'
  where gone.rule = 'double_push' and gone.resolved_at = p_now and gone.match_id = any (v_match_ids);

  return pg_catalog.jsonb_build_object(
    'matches_judged', pg_catalog.cardinality(v_match_ids),
    'matches', pg_catalog.jsonb_array_length(v_found),
    'users', (
      select coalesce(sum((found.alert #>> '{details,users}')::bigint), 0)
      from pg_catalog.jsonb_array_elements(v_found) as found (alert)
    )
  ) || v_synced;
end;
$$;

comment on function public.detect_double_pushes(timestamptz, timestamptz, timestamptz) is
  'Alerts double_push for each match sent in [p_from, p_until) where a user got two generations, or one device got two dispatch ids or two sends more than 10 minutes apart.';
revoke all on function public.detect_double_pushes(timestamptz, timestamptz, timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.detect_double_pushes(timestamptz, timestamptz, timestamptz) to service_role;
