-- Events of a window that are attributed to no match, or not with certainty.

create function public.load_unattributed_groups(p_after timestamptz, p_until timestamptz, p_limit integer)
returns jsonb
language sql
stable
security invoker
set search_path = ''
as $$
  select coalesce(pg_catalog.jsonb_agg(pg_catalog.to_jsonb(groups) order by groups.sent_at), '[]')
  from (
    select
      event.sent_at, event.time_is_send_time, event.event_type, event.channel, event.campaign_id, event.dispatch_id,
      event.send_id,
      event.braze_schedule_id, event.match_id, event.ledger_id, event.generation, event.correlation_method,
      event.confidence, count(*) as events
    from public.notification_sends as event
    where event.sent_at > p_after and event.sent_at < p_until
      and event.confidence in ('none', 'low')
      and event.correlation_method not in ('test_send', 'other_campaign', 'unknown_match')
    group by
      event.sent_at, event.time_is_send_time, event.event_type, event.channel, event.campaign_id, event.dispatch_id,
      event.send_id,
      event.braze_schedule_id, event.match_id, event.ledger_id, event.generation, event.correlation_method,
      event.confidence
    order by event.sent_at
    -- A page never ends within a second, so that the next page starts after its last time.
    fetch first p_limit rows with ties
  ) as groups;
$$;

comment on function public.load_unattributed_groups(timestamptz, timestamptz, integer) is
  'A page of the unattributed events sent in (p_after, p_until), grouped by their evidence; at least p_limit groups unless it is the last page.';
revoke all on function public.load_unattributed_groups(timestamptz, timestamptz, integer) from public, anon, authenticated, service_role;
grant execute on function public.load_unattributed_groups(timestamptz, timestamptz, integer) to service_role;
