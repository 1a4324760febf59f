-- Counts the events of one schedule, and the users of its pushes.

create function private.count_match_events(
  p_ledger_id uuid,
  p_from timestamptz,
  out users bigint,
  out events bigint,
  out sends bigint,
  out webhook_sends bigint,
  out opens bigint,
  out bounces bigint,
  out aborts bigint,
  out aborts_by_type jsonb,
  out low_confidence bigint
)
returns record
language plpgsql
stable
security invoker
set search_path = ''
set jit = off
set plan_cache_mode = 'force_custom_plan'
as $$
begin
  with told as materialized (
    select
      coalesce(event.external_user_id, event.device_id, event.event_id) collate "C" as recipient,
      event.event_type,
      event.confidence in ('high', 'medium') as is_sure,
      event.event_type = 'send' and event.channel = 'push' and event.confidence in ('high', 'medium') as is_push_send,
      event.channel,
      case event.event_type when 'abort' then coalesce(
        event.raw_payload -> 'properties' ->> 'abort_type', event.raw_payload ->> 'abort_type', 'unknown'
      ) end as abort_type
    from public.notification_sends as event
    where event.ledger_id = p_ledger_id and event.sent_at >= p_from
  )
  select
    count(distinct told.recipient) filter (where told.is_push_send),
    count(*),
    count(*) filter (where told.is_push_send),
    count(*) filter (where told.is_sure and told.channel = 'webhook' and told.event_type = 'send'),
    count(*) filter (where told.is_sure and told.event_type = 'open'),
    count(*) filter (where told.is_sure and told.event_type = 'bounce'),
    count(*) filter (where told.is_sure and told.event_type = 'abort'),
    (
      select coalesce(pg_catalog.jsonb_object_agg(by_type.abort_type, by_type.count), '{}')
      from (
        select aborted.abort_type, count(*) as count
        from told as aborted
        where aborted.is_sure and aborted.abort_type is not null
        group by aborted.abort_type
      ) as by_type
    ),
    count(*) filter (where not told.is_sure)
  into users, events, sends, webhook_sends, opens, bounces, aborts, aborts_by_type, low_confidence
  from told;
end;
$$;

comment on function private.count_match_events(uuid, timestamptz) is
  'The events of a ledger row since p_from by kind, and the users of its pushes, as match_verification shows them.';
revoke all on function private.count_match_events(uuid, timestamptz) from public, anon, authenticated, service_role;
grant execute on function private.count_match_events(uuid, timestamptz) to service_role;
