-- What operators read of events. No functions but this and events_without_match read them with an operator's token.
--
-- They read with the rights of the owner, and ask themselves who calls: where events are spread over several servers, the
-- claims of a token stay on the first.

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

