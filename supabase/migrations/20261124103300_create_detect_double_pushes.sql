-- Create public.detect_double_pushes: who got the push of one match twice, read off the events themselves.
--
-- It needs no listing, so it holds when Braze's list cannot tell one schedule from another. Only Send events of push
-- count: an open or a bounce is not a second push, and a Send for each device of a user is how Braze sends.

create function public.detect_double_pushes(p_from timestamptz, p_until timestamptz, p_now timestamptz)
returns jsonb
language plpgsql
volatile
security invoker
set search_path = ''
-- With the window known to the planner it looks at its partitions alone.
set plan_cache_mode = 'force_custom_plan'
as $$
declare
  v_ledger_ids uuid[];
  v_match_ids bigint[];
  v_found jsonb;
  v_settled jsonb;
begin
  -- Matches of the window, and those that an open alert names: an event of theirs may have turned out to be another's.
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
  ) as judged;

  with sends as materialized (
    select event.*
    from public.schedule_ledger as ledger
    cross join lateral (
      select
        event.ledger_id, event.external_user_id, event.device_id, event.generation, event.dispatch_id, event.sent_at
      from public.notification_sends as event
      where event.ledger_id = ledger.id
        -- All of the match: its other push may have come long before the window.
        and event.sent_at >= least(ledger.created_at, ledger.send_at_utc) - interval '1 day'
        and event.sent_at < greatest(p_until, p_now) + interval '1 day'
        and event.channel = 'push' and event.event_type = 'send' and event.confidence in ('high', 'medium')
    ) as event
    where ledger.id = any (v_ledger_ids)
  ),
  twice as (
    select sends.ledger_id, sends.external_user_id as recipient
    from sends
    where sends.external_user_id is not null
    group by sends.ledger_id, sends.external_user_id
    having min(sends.generation) <> max(sends.generation)
    union
    select sends.ledger_id, coalesce(sends.external_user_id, sends.device_id)
    from sends
    where sends.device_id is not null
    group by sends.ledger_id, sends.external_user_id, sends.device_id
    having min(sends.dispatch_id) <> max(sends.dispatch_id)
  ),
  by_match as (
    select
      twice.ledger_id,
      count(distinct twice.recipient) as users,
      count(*) as sends,
      min(sends.sent_at) as first_sent_at,
      max(sends.sent_at) as last_sent_at,
      pg_catalog.array_agg(distinct sends.generation) filter (where sends.generation is not null) as generations,
      (pg_catalog.array_agg(distinct sends.dispatch_id) filter (where sends.dispatch_id is not null))[1:10] as dispatch_ids,
      (pg_catalog.array_agg(distinct twice.recipient))[1:10] as sample_users
    from twice
    join sends
      on sends.ledger_id = twice.ledger_id and twice.recipient = coalesce(sends.external_user_id, sends.device_id)
    group by twice.ledger_id
  )
  select coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
    'fingerprint', 'double_push:' || ledger.match_id,
    'rule', 'double_push',
    'severity', 'critical',
    'audience', 'admin',
    'title', 'Match ' || ledger.match_id || ' was pushed more than once to ' || by_match.users
      || case by_match.users when 1 then ' user' else ' users' end,
    'match_id', ledger.match_id,
    'details', pg_catalog.jsonb_build_object(
      'users', by_match.users,
      'sends', by_match.sends,
      'generations', coalesce(by_match.generations, '{}'),
      'dispatch_ids', coalesce(by_match.dispatch_ids, '{}'),
      'sample_users', by_match.sample_users,
      'first_sent_at', by_match.first_sent_at,
      'last_sent_at', by_match.last_sent_at
    )
  ) order by ledger.match_id), '[]')
  into v_found
  from by_match
  join public.schedule_ledger as ledger on ledger.id = by_match.ledger_id;

  v_settled := public.settle_alerts(
    array['double_push'],
    (
      select coalesce(pg_catalog.jsonb_agg(found.alert), '[]')
      from pg_catalog.jsonb_array_elements(v_found) as found (alert)
      -- What a person has closed comes back only when there is more of it.
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
  ) || v_settled;
end;
$$;

comment on function public.detect_double_pushes(timestamptz, timestamptz, timestamptz) is
  'Alerts double_push for each match sent in [p_from, p_until) that a user got in two generations, or a device of theirs under two dispatch ids.';

revoke execute on function public.detect_double_pushes(timestamptz, timestamptz, timestamptz) from public;
grant execute on function public.detect_double_pushes(timestamptz, timestamptz, timestamptz) to service_role;

-- Closed alerts are looked up too.
create index alerts_fingerprint_idx on public.alerts (fingerprint);
