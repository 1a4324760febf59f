-- Stored events that depend on facts that changed, page by page.
--
-- Each change is judged twice: at once, and again when it is a minute old. A request that read the facts before the change
-- may store its events after the first judging; no request lives for a minute.

create function private.dependent_events(p_kind text, p_value text, p_after_sent_at timestamptz, p_after_event_id text, p_limit integer)
returns table (sent_at timestamptz, event_id text)
language plpgsql
stable
security invoker
set search_path = ''
set jit = off
as $$
declare
  v_match_id bigint;
  v_at timestamptz;
begin
  if p_kind = 'proof' then
    return;
  elsif p_kind = 'dispatch_id' then
    return query
      select event.sent_at, event.event_id from public.notification_sends as event
      where event.dispatch_id = p_value
        and event.correlation_method in ('dispatch_id', 'elimination', 'time_exact', 'time_window', 'tie', 'no_candidate', 'no_evidence')
        and (event.sent_at, event.event_id) > (p_after_sent_at, p_after_event_id)
      order by event.sent_at, event.event_id
      limit p_limit;
  elsif p_kind = 'send_id' then
    return query
      select event.sent_at, event.event_id from public.notification_sends as event
      where event.send_id = p_value and (event.send_id = 'match-' || event.match_id::text) is not true
        and event.correlation_method not in ('other_campaign', 'test_send')
        and (event.sent_at, event.event_id) > (p_after_sent_at, p_after_event_id)
      order by event.sent_at, event.event_id
      limit p_limit;
  elsif p_kind = 'schedule_id' then
    return query
      select event.sent_at, event.event_id from public.notification_sends as event
      where event.braze_schedule_id = p_value
        and event.correlation_method not in ('other_campaign', 'test_send')
        and (event.sent_at, event.event_id) > (p_after_sent_at, p_after_event_id)
      order by event.sent_at, event.event_id
      limit p_limit;
  elsif p_kind = 'campaign' then
    return query
      select event.sent_at, event.event_id from public.notification_sends as event
      where event.campaign_id = p_value and event.correlation_method = 'other_campaign' and event.canvas_id is null
        and (event.sent_at, event.event_id) > (p_after_sent_at, p_after_event_id)
      order by event.sent_at, event.event_id
      limit p_limit;
  elsif p_kind = 'time' then
    v_at := p_value::timestamptz;
    return query
      select event.sent_at, event.event_id from public.notification_sends as event
      where event.sent_at between v_at - interval '10 minutes' and v_at + interval '10 minutes'
        and event.correlation_method in ('time_exact', 'time_window', 'tie', 'no_candidate')
        and (event.sent_at, event.event_id) > (p_after_sent_at, p_after_event_id)
      order by event.sent_at, event.event_id
      limit p_limit;
  else
    select ledger.match_id into v_match_id from public.schedule_ledger as ledger where ledger.id = p_value::uuid;
    return query
      select found.sent_at, found.event_id
      from (
        select event.sent_at, event.event_id from public.notification_sends as event
        where lower(event.echoed_ledger_id) = p_value and event.echoed_ledger_id is not null
          and event.correlation_method in ('unknown_match', 'contradiction')
        union
        select event.sent_at, event.event_id from public.notification_sends as event
        where event.echoed_match_id = v_match_id::text and event.correlation_method in ('unknown_match', 'contradiction')
        union
        select event.sent_at, event.event_id from public.notification_sends as event
        where (event.send_id = 'match-' || v_match_id
            or (event.send_id >= 'match-' || v_match_id || '-' and event.send_id < 'match-' || v_match_id || '.'))
          and event.correlation_method in ('unknown_match', 'contradiction')
        union
        -- An event with an echoed generation stays with it.
        select event.sent_at, event.event_id from public.notification_sends as event
        where event.ledger_id = p_value::uuid and (event.echoed_generation is null or event.generation is null)
      ) as found
      where (found.sent_at, found.event_id) > (p_after_sent_at, p_after_event_id)
      order by found.sent_at, found.event_id
      limit p_limit;
  end if;
end;
$$;

comment on function private.dependent_events(text, text, timestamptz, text, integer) is
  'The keys of up to p_limit events after the given one whose attribution depends on a fact of private.rejudgements.';
revoke all on function private.dependent_events(text, text, timestamptz, text, integer) from public, anon, authenticated, service_role;
grant execute on function private.dependent_events(text, text, timestamptz, text, integer) to service_role;

create function public.load_rejudgements(p_limit integer, p_now timestamptz)
returns jsonb
language plpgsql
volatile
security invoker
set search_path = ''
set jit = off
-- Postgres 15 would read a whole partition to find a page of keys.
set enable_seqscan = off
as $$
declare
  v_ids bigint[];
  v_started_at timestamptz;
  v_after_sent_at timestamptz;
  v_after_event_id text;
  v_times timestamptz[];
  v_event_ids text[];
  v_events jsonb;
begin
  -- Changes that are as far as the oldest one go together; an interrupted judging continues where it ended.
  with due as (
    select change.id, change.started_at, change.after_sent_at, change.after_event_id
    from private.rejudgements as change
    where (change.judged_at is null or change.changed_at <= p_now - interval '1 minute')
      and (change.claimed_until is null or change.claimed_until <= p_now)
    order by change.id
    limit 100
    for update skip locked
  ),
  oldest as (
    select due.started_at, due.after_sent_at, due.after_event_id from due order by due.id limit 1
  )
  select
    pg_catalog.array_agg(due.id order by due.id), coalesce(min(due.started_at), p_now), min(due.after_sent_at),
    min(due.after_event_id)
  into v_ids, v_started_at, v_after_sent_at, v_after_event_id
  from due
  join oldest on due.started_at is not distinct from oldest.started_at
    and due.after_sent_at is not distinct from oldest.after_sent_at
    and due.after_event_id is not distinct from oldest.after_event_id;
  if v_ids is null then
    return null;
  end if;
  -- A run that lost its claim may still store: the time of the start names a judging.
  update private.rejudgements as change
  set started_at = v_started_at, claimed_until = p_now + interval '30 seconds'
  where change.id = any (v_ids);

  select pg_catalog.array_agg(wanted.sent_at), pg_catalog.array_agg(wanted.event_id)
  into v_times, v_event_ids
  from (
    select distinct dependent.sent_at, dependent.event_id
    from (
      select distinct change.kind, change.value from private.rejudgements as change where change.id = any (v_ids)
    ) as change
    cross join lateral private.dependent_events(
      change.kind, change.value, coalesce(v_after_sent_at, '-infinity'), coalesce(v_after_event_id, ''), p_limit
    ) as dependent
    order by dependent.sent_at, dependent.event_id
    limit p_limit
  ) as wanted;
  select pg_catalog.jsonb_agg(pg_catalog.to_jsonb(event) order by event.sent_at, event.event_id)
  into v_events
  from (
    select
      stored.sent_at, stored.event_id, stored.event_type, stored.channel, stored.time_kind, stored.received_at,
      stored.campaign_id, stored.canvas_id, stored.braze_schedule_id, stored.send_id, stored.dispatch_id,
      stored.echoed_ledger_id, stored.echoed_match_id, stored.echoed_generation, stored.echoed_attempt_id,
      stored.has_foreign_extras, stored.correlation_method, stored.ledger_id, stored.generation, stored.timing, stored.proof,
      stored.candidate_match_ids
    from rows from (pg_catalog.unnest(v_times), pg_catalog.unnest(v_event_ids)) as wanted (sent_at, event_id)
    join public.notification_sends as stored on stored.sent_at = wanted.sent_at and stored.event_id = wanted.event_id
    where stored.sent_at = any (v_times)
  ) as event;
  return pg_catalog.jsonb_build_object(
    'ids', v_ids, 'started_at', v_started_at, 'events', coalesce(v_events, '[]')
  );
end;
$$;

comment on function public.load_rejudgements(integer, timestamptz) is
  'The next changes to judge, with up to p_limit of the events that depend on them; null when there are none.';
revoke all on function public.load_rejudgements(integer, timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.load_rejudgements(integer, timestamptz) to service_role;
