-- Finds users who got the push of one match twice, from the events themselves.
--
-- It needs no listing, so it works when Braze's list does not show schedules one by one. Only Send events of push count:
-- an open or a bounce is no second push, and a Send for each device of a user is how Braze sends. A manual schedule names no
-- generation, so generation and dispatch id can both be missing. A send takes minutes: what reached one device twice, more
-- than ten minutes apart, were two pushes.

create function private.detect_double_push(p_ledger_id uuid, p_from timestamptz, p_now timestamptz)
returns integer
language plpgsql
volatile
security invoker
set search_path = ''
set jit = off
set plan_cache_mode = 'force_custom_plan'
set work_mem = '64MB'
as $$
declare
  v_match_id bigint;
  v_fingerprint text;
  v_found record;
begin
  select
    ledger.match_id, 'double_push:' || ledger.match_id || case when ledger.intent > 1 then ':' || ledger.intent else '' end
  into strict v_match_id, v_fingerprint
  from public.schedule_ledger as ledger
  where ledger.id = p_ledger_id;

  with by_device as (
    -- Ids compare by bytes: a language's collation costs more than all the rest.
    select
      coalesce(event.external_user_id, event.braze_user_id) collate "C" as user_id,
      event.device_id collate "C" as device_id,
      count(*) as sends,
      min(event.sent_at) as first_sent_at,
      max(event.sent_at) as last_sent_at,
      max(event.sent_at) filter (where event.time_kind = 'send')
        - min(event.sent_at) filter (where event.time_kind = 'send') as apart,
      min(event.generation) as first_generation,
      max(event.generation) as last_generation,
      min(event.dispatch_id collate "C") as one_dispatch_id,
      max(event.dispatch_id collate "C") as another_dispatch_id
    from public.notification_sends as event
    where event.ledger_id = p_ledger_id and event.sent_at >= p_from
      and event.channel = 'push' and event.event_type = 'send' and event.confidence in ('high', 'medium')
    group by 1, 2
  ),
  by_user as (
    select
      coalesce(by_device.user_id, by_device.device_id) as recipient,
      sum(by_device.sends) as sends,
      min(by_device.first_sent_at) as first_sent_at,
      max(by_device.last_sent_at) as last_sent_at,
      min(by_device.first_generation) as first_generation,
      max(by_device.last_generation) as last_generation,
      min(by_device.one_dispatch_id) as one_dispatch_id,
      max(by_device.another_dispatch_id) as another_dispatch_id
    from by_device
    where by_device.user_id is not null or by_device.device_id is not null
    group by 1
    having min(by_device.first_generation) <> max(by_device.last_generation)
      or pg_catalog.bool_or(by_device.one_dispatch_id <> by_device.another_dispatch_id)
        filter (where by_device.device_id is not null)
      -- Without dispatch ids: one send takes minutes, so two events this far apart are two sends.
      or pg_catalog.bool_or(by_device.apart > interval '10 minutes')
        filter (where by_device.device_id is not null)
  )
  select
    count(*)::integer as users,
    sum(by_user.sends) as sends,
    min(by_user.first_sent_at) as first_sent_at,
    max(by_user.last_sent_at) as last_sent_at,
    pg_catalog.array_agg(distinct by_user.first_generation) || pg_catalog.array_agg(distinct by_user.last_generation)
      as generations,
    pg_catalog.array_agg(distinct by_user.one_dispatch_id) || pg_catalog.array_agg(distinct by_user.another_dispatch_id)
      as dispatch_ids,
    (pg_catalog.array_agg(by_user.recipient order by by_user.recipient))[1:10] as sample_users
  into v_found
  from by_user;

  if v_found.users = 0 then
    -- Its events were judged anew, and belong to another match.
    update public.alerts as gone
    set resolved_at = p_now, details = gone.details || jsonb '{"no_longer_seen": true}'
    where gone.fingerprint = v_fingerprint and gone.resolved_at is null;
    return 0;
  end if;

  -- An alert that a person closed opens again only when the numbers change.
  if not exists (
    select 1
    from public.alerts as closed
    where closed.fingerprint = v_fingerprint and closed.resolved_at is not null
      and closed.details -> 'no_longer_seen' is null
      and closed.details -> 'sends' = pg_catalog.to_jsonb(v_found.sends)
  ) then
    perform public.raise_alerts(
      pg_catalog.jsonb_build_array(pg_catalog.jsonb_build_object(
        'fingerprint', v_fingerprint,
        'rule', 'double_push',
        'severity', 'critical',
        'audience', 'admin',
        'title', private.match_title(v_match_id) || ' was pushed more than once to '
          || private.counted_text(v_found.users, 'user', 'users'),
        'match_id', v_match_id,
        'details', pg_catalog.jsonb_build_object(
          'users', v_found.users,
          'sends', v_found.sends,
          'generations', array(
            select distinct told.generation from pg_catalog.unnest(v_found.generations) as told (generation)
            where told.generation is not null order by told.generation
          ),
          'dispatch_ids', array(
            select distinct told.dispatch_id from pg_catalog.unnest(v_found.dispatch_ids) as told (dispatch_id)
            where told.dispatch_id is not null order by told.dispatch_id limit 10
          ),
          'sample_users', v_found.sample_users,
          'first_sent_at', v_found.first_sent_at,
          'last_sent_at', v_found.last_sent_at
        )
      )),
      p_now
    );
  end if;
  return v_found.users;
end;
$$;

comment on function private.detect_double_push(uuid, timestamptz, timestamptz) is
  'Alerts double_push where a user got two generations of a ledger row, or one device got two dispatch ids or two sends more than 10 minutes apart; resolves it where the events say so no more. Reads events from p_from on; returns the number of users.';
revoke all on function private.detect_double_push(uuid, timestamptz, timestamptz) from public, anon, authenticated, service_role;
grant execute on function private.detect_double_push(uuid, timestamptz, timestamptz) to service_role;
