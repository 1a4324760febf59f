-- Holds the schedule of a match of which another schedule is seen going out.
--
-- A schedule that was replaced or deleted, and is sent all the same, has reached the users; the current one would reach them
-- again. One event may be wrong, so it takes as many as no accident makes. What a person released is not held again for the
-- same schedule. It is only held where that works: by the send gate, or by a delete that is early enough.

create function public.hold_successors(p_gated boolean, p_freeze_seconds integer, p_now timestamptz)
returns jsonb
language plpgsql
volatile
security invoker
set search_path = ''
set jit = off
as $$
declare
  v_ledger_ids uuid[];
  v_seen jsonb;
  v_held jsonb;
begin
  select pg_catalog.array_agg(distinct ledger.id)
  into v_ledger_ids
  from public.braze_schedules as other
  join public.schedule_ledger as ledger on ledger.id = other.ledger_id
  where other.first_event_at > p_now - interval '2 days' and other.generation <> ledger.generation
    and ledger.status = 'pending' and ledger.send_at_utc > p_now
    and not exists (
      select 1 from private.schedule_holds as known
      where known.ledger_id = other.ledger_id and known.generation = other.generation
    );
  if v_ledger_ids is null then
    return jsonb '[]';
  end if;

  select pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
    'ledger_id', counted.ledger_id, 'generation', counted.generation, 'campaign_id', counted.campaign_id,
    'users', counted.users
  ))
  into v_seen
  from (
    select
      event.ledger_id, event.generation, event.campaign_id,
      count(distinct coalesce(event.external_user_id, event.braze_user_id, event.device_id)) as users
    from public.notification_sends as event
    where event.ledger_id = any (v_ledger_ids) and event.sent_at > p_now - interval '2 days' and event.sent_at <= p_now
      and event.event_type = 'send' and event.channel = 'push' and event.correlation_method = 'ledger_id'
      and event.proof = 'push' and event.campaign_id is not null
    group by event.ledger_id, event.generation, event.campaign_id
  ) as counted;

  perform 1
  from public.schedule_ledger as ledger
  where ledger.id = any (v_ledger_ids)
  order by ledger.id
  for no key update;

  with seen as (
    select
      ledger.id as ledger_id, ledger.match_id, other.generation, current.generation as current_generation,
      told.users, least(current.send_at_utc, current.moving_to_utc) as send_at
    from pg_catalog.jsonb_to_recordset(v_seen) as told (ledger_id uuid, generation integer, campaign_id text, users integer)
    join public.schedule_ledger as ledger on ledger.id = told.ledger_id
    join public.braze_schedules as other
      on other.ledger_id = ledger.id and other.generation = told.generation and other.campaign_id = told.campaign_id
    join public.braze_schedules as current on current.ledger_id = ledger.id and current.generation = ledger.generation
    where ledger.status = 'pending' and other.generation <> ledger.generation and private.can_be_live(current.state)
      and least(current.send_at_utc, current.moving_to_utc) > p_now
      -- One of so few users may be an error, two are none.
      and (told.users >= 10 or (told.users >= 2 and told.users >= 0.01 * ledger.expected_send_count))
      and (
        (p_gated and current.gated)
        or least(current.send_at_utc, current.moving_to_utc) >= p_now + pg_catalog.make_interval(secs => p_freeze_seconds)
      )
  ),
  held as (
    insert into private.schedule_holds (ledger_id, generation, users, held_at)
    select seen.ledger_id, seen.generation, seen.users, p_now
    from seen
    order by seen.ledger_id, seen.generation
    on conflict (ledger_id, generation) do nothing
    returning ledger_id, generation
  )
  select pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
    'fingerprint', 'push_held:' || seen.match_id || ':' || seen.generation,
    'rule', 'push_held',
    'severity', 'critical',
    'audience', 'admin',
    'title', private.match_title(seen.match_id) || ': schedule ' || seen.generation || ' was sent to '
      || private.counted_text(seen.users, 'user', 'users') || ' although schedule ' || seen.current_generation || ' had replaced it; that one is held, due '
      || private.minute_text(seen.send_at),
    'details', pg_catalog.jsonb_build_object(
      'generation', seen.generation, 'current_generation', seen.current_generation, 'users', seen.users,
      'send_at', seen.send_at
    ),
    'match_id', seen.match_id
  ) order by seen.match_id, seen.generation)
  into v_held
  from seen
  join held using (ledger_id, generation);

  if v_held is not null then
    perform public.raise_alerts(v_held, p_now);
  end if;
  return coalesce(v_held, jsonb '[]');
end;
$$;

comment on function public.hold_successors(boolean, integer, timestamptz) is
  'Holds the pending schedule of each match of which another schedule is seen going out, by push sends that echo it, in its campaign and window, of at least 10 users, or of 2 and 1 % of those expected; raises and returns the harms. p_gated: the templates ask the send gate.';
revoke all on function public.hold_successors(boolean, integer, timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.hold_successors(boolean, integer, timestamptz) to service_role;
