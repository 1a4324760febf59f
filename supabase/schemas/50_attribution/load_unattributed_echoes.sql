-- Events of a window that name a match or ledger row and are attributed to none.

create function public.load_unattributed_echoes(p_from timestamptz, p_until timestamptz, p_limit integer)
returns jsonb
language sql
stable
security invoker
set search_path = ''
as $$
  with echoing as (
    select
      event.sent_at, event.event_id, event.correlation_method, event.ledger_id, event.raw_payload,
      -- Inside `message_extras` it is JSON within JSON: quotes come with backslashes.
      pg_catalog.substring(event.raw_payload::text, 'ledger_id[\\": ]+([0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12})') as echoed_ledger,
      pg_catalog.substring(event.raw_payload::text, 'match_id[\\": ]+([0-9]{1,16})') as echoed_match
    from public.notification_sends as event
    where event.sent_at >= p_from and event.sent_at < p_until
      and event.confidence in ('none', 'low')
      and event.correlation_method not in ('test_send', 'other_campaign')
  )
  select coalesce(pg_catalog.jsonb_agg(pg_catalog.to_jsonb(known) order by known.sent_at, known.event_id), '[]')
  from (
    select
      echoing.sent_at, echoing.event_id, echoing.correlation_method, echoing.ledger_id, echoing.raw_payload
    from echoing
    where exists (select 1 from public.schedule_ledger as ledger where ledger.id = echoing.echoed_ledger::uuid)
      or exists (select 1 from public.schedule_ledger as ledger where ledger.match_id = echoing.echoed_match::bigint)
    order by echoing.sent_at, echoing.event_id
    limit p_limit
  ) as known;
$$;

comment on function public.load_unattributed_echoes(timestamptz, timestamptz, integer) is
  'Open events sent in [p_from, p_until) that echo a ledger row or match which is known by now, as they came.';
revoke all on function public.load_unattributed_echoes(timestamptz, timestamptz, integer) from public, anon, authenticated, service_role;
grant execute on function public.load_unattributed_echoes(timestamptz, timestamptz, integer) to service_role;
