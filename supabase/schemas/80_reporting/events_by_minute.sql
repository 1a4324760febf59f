-- What operators read of events. No function but these two reads them with an operator's token.
--
-- They read with the rights of the owner, and ask themselves who calls: where events are spread over several servers, the
-- claims of a token stay on the first.

create function private.may_read_events()
returns boolean
language plpgsql
stable
security invoker
set search_path = ''
set jit = off
as $$
begin
  -- Of who calls a function that reads with its owner's rights, the role setting tells.
  return public.is_operator() or pg_catalog.has_table_privilege(
    coalesce(nullif(pg_catalog.current_setting('role'), 'none'), session_user), 'public.notification_sends', 'select'
  );
end;
$$;

comment on function private.may_read_events() is
  'Whether the caller may read events: the token of an operator, or a role that may read the table.';
revoke all on function private.may_read_events() from public, anon, authenticated, service_role;

create function private.events_by_minute(p_ledger_ids uuid[], p_from timestamptz)
returns table (
  minute timestamptz,
  event_type text,
  channel text,
  generation integer,
  correlation_method public.correlation_method,
  confidence public.confidence,
  events bigint,
  last_received_at timestamptz
)
language plpgsql
stable
security definer
set search_path = ''
set jit = off
set plan_cache_mode = 'force_custom_plan'
as $$
begin
  if not private.may_read_events() then
    return;
  end if;
  return query
    select
      pg_catalog.date_trunc('minute', event.sent_at, 'UTC'), event.event_type, event.channel, event.generation,
      event.correlation_method, event.confidence, count(*), max(event.received_at)
    from public.notification_sends as event
    where event.ledger_id = any (p_ledger_ids) and event.sent_at >= p_from
    group by 1, 2, 3, 4, 5, 6;
end;
$$;

comment on function private.events_by_minute(uuid[], timestamptz) is
  'How many events of these ledger rows there are by minute and kind, for operators and whoever may read the events.';
revoke all on function private.events_by_minute(uuid[], timestamptz) from public, anon, authenticated, service_role;
grant execute on function private.events_by_minute(uuid[], timestamptz) to authenticated, service_role;

create function private.events_without_match(p_match_id bigint, p_from timestamptz, p_until timestamptz)
returns table (
  event_type text,
  channel text,
  correlation_method public.correlation_method,
  candidate_match_ids bigint[],
  events bigint,
  first_at timestamptz,
  last_at timestamptz
)
language plpgsql
stable
security definer
set search_path = ''
set jit = off
set plan_cache_mode = 'force_custom_plan'
as $$
begin
  if not private.may_read_events() then
    return;
  end if;
  return query
    select
      event.event_type, event.channel, event.correlation_method, event.candidate_match_ids,
      count(*), min(event.sent_at), max(event.sent_at)
    from public.notification_sends as event
    where event.confidence = 'none' and event.correlation_method not in ('other_campaign', 'test_send')
      and event.candidate_match_ids @> array[p_match_id]
      and event.sent_at >= p_from and event.sent_at < p_until
    group by 1, 2, 3, 4;
end;
$$;

comment on function private.events_without_match(bigint, timestamptz, timestamptz) is
  'The events of [p_from, p_until) without a match that may belong to this one, by kind, for operators and whoever may read the events.';
revoke all on function private.events_without_match(bigint, timestamptz, timestamptz) from public, anon, authenticated, service_role;
grant execute on function private.events_without_match(bigint, timestamptz, timestamptz) to authenticated, service_role;
