-- The events that may belong to a match and are tied to none; see events_by_minute.

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
