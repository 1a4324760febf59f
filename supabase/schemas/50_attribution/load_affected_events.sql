-- Earlier events that a newly known identifier explains, in groups.
--
-- Events that carry the same evidence get the same verdict, so they are judged as a group. The correlation module decides
-- the verdict.

create function public.load_affected_events(p_identifiers jsonb)
returns jsonb
language plpgsql
stable
security invoker
set search_path = ''
as $$
begin
  return (
    with touched as (
      -- Events that a newly known identifier may attribute.
      select event.sent_at, event.event_id
      from pg_catalog.jsonb_to_recordset(p_identifiers) as identifier (kind text, value text)
      -- An identifier that is not registered yet cannot attribute anything.
      cross join lateral (
        select known.kind
        from public.schedule_identifiers as known
        where known.kind = identifier.kind and known.value = identifier.value
        limit 1
      ) as known
      cross join lateral (
        select open.sent_at, open.event_id from public.notification_sends as open
        where identifier.kind = 'dispatch_id' and open.dispatch_id = identifier.value
          and open.confidence <> 'high'
        union all
        select open.sent_at, open.event_id from public.notification_sends as open
        where identifier.kind = 'send_id' and open.send_id = identifier.value
          and open.confidence <> 'high'
        union all
        select open.sent_at, open.event_id from public.notification_sends as open
        where identifier.kind = 'schedule_id' and open.braze_schedule_id = identifier.value
          and open.confidence <> 'high'
      ) as event
      union
      -- Events whose only evidence is an identifier that became ambiguous.
      select affected.sent_at, affected.event_id
      from pg_catalog.jsonb_to_recordset(p_identifiers) as identifier (kind text, value text, ledger_id uuid, ambiguous boolean)
      cross join lateral (
        select event.sent_at, event.event_id from public.notification_sends as event
        where identifier.ambiguous
          and event.ledger_id = identifier.ledger_id
          and event.correlation_method = identifier.kind
          and identifier.value = case identifier.kind
            when 'dispatch_id' then event.dispatch_id
            when 'send_id' then event.send_id
            else event.braze_schedule_id
          end
        -- A look-up by index: a join with jsonb would read all events.
        offset 0
      ) as affected
    )
    select coalesce(pg_catalog.jsonb_agg(pg_catalog.to_jsonb(groups)), '[]')
    from (
      select
        event.sent_at, event.time_is_send_time, event.event_type, event.channel, event.campaign_id, event.dispatch_id, event.send_id,
        event.braze_schedule_id, event.match_id, event.ledger_id, event.generation, event.correlation_method,
        event.confidence, count(*) as events
      from touched
      cross join lateral (
        select event.*
        from public.notification_sends as event
        where event.sent_at = touched.sent_at and event.event_id = touched.event_id
        limit 1
      ) as event
      -- The group does not hold the echo.
      where event.correlation_method not in ('test_send', 'unknown_match')
      group by
        event.sent_at, event.time_is_send_time, event.event_type, event.channel, event.campaign_id, event.dispatch_id, event.send_id,
        event.braze_schedule_id, event.match_id, event.ledger_id, event.generation, event.correlation_method,
        event.confidence
    ) as groups
  );
end;
$$;

comment on function public.load_affected_events(jsonb) is
  'Stored events whose attribution [{kind, value, ledger_id, ambiguous}] may change, grouped by their evidence.';
revoke all on function public.load_affected_events(jsonb) from public, anon, authenticated, service_role;
grant execute on function public.load_affected_events(jsonb) to service_role;
