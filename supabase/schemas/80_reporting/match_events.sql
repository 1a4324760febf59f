-- How the events of a match arrived, minute by minute, and which unattributed ones may belong to it.

create function public.match_events(p_match_id bigint)
returns jsonb
language plpgsql
stable
security invoker
set search_path = ''
set jit = off
set plan_cache_mode = 'force_custom_plan'
as $$
declare
  v_ledger_id uuid;
  v_send_at timestamptz;
  v_from timestamptz;
begin
  select ledger.id, ledger.send_at_utc, least(ledger.created_at, ledger.send_at_utc) - interval '1 day'
  into v_ledger_id, v_send_at, v_from
  from public.schedule_ledger as ledger
  where ledger.match_id = p_match_id and ledger.replaced_at is null;

  return (
    with by_minute as (
      select
        pg_catalog.date_trunc('minute', event.sent_at, 'UTC') as minute,
        count(*) filter (where event.event_type = 'send') as sends,
        count(*) filter (where event.event_type = 'open') as opens,
        count(*) filter (where event.event_type not in ('send', 'open')) as others
      from public.notification_sends as event
      where event.ledger_id = v_ledger_id and event.sent_at >= v_from
      group by 1
    ),
    candidates as (
      select
        event.event_type, event.channel, event.correlation_method, event.candidate_match_ids,
        count(*) as events, min(event.sent_at) as first_at, max(event.sent_at) as last_at
      from public.notification_sends as event
      where event.confidence = 'none' and event.correlation_method not in ('other_campaign', 'test_send')
        and event.candidate_match_ids @> array[p_match_id]
        and event.sent_at >= v_send_at - interval '1 day' and event.sent_at < v_send_at + interval '1 day'
      group by 1, 2, 3, 4
    )
    select pg_catalog.jsonb_build_object(
      'minutes', (
        select coalesce(pg_catalog.jsonb_agg(pg_catalog.to_jsonb(by_minute) order by by_minute.minute), '[]')
        from by_minute
      ),
      'candidates', (
        select coalesce(
          pg_catalog.jsonb_agg(pg_catalog.to_jsonb(candidates) order by candidates.events desc, candidates.first_at), '[]'
        )
        from candidates
      )
    )
  );
end;
$$;

comment on function public.match_events(bigint) is
  'For one match {minutes: [{minute, sends, opens, others}], candidates: unattributed events that may belong to it, by kind}.';
revoke all on function public.match_events(bigint) from public, anon, authenticated, service_role;
grant execute on function public.match_events(bigint) to authenticated, service_role;
