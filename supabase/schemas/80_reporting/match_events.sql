-- How the events of a match arrived, minute by minute, and which unattributed ones may belong to it.

create function public.match_events(p_match_id bigint)
returns jsonb
language plpgsql
stable
security invoker
set search_path = ''
set jit = off
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
        event.minute,
        coalesce(sum(event.events) filter (where event.event_type = 'send'), 0) as sends,
        coalesce(sum(event.events) filter (where event.event_type = 'open'), 0) as opens,
        coalesce(sum(event.events) filter (where event.event_type not in ('send', 'open')), 0) as others
      from private.events_by_minute(array[v_ledger_id], v_from) as event
      group by event.minute
    ),
    candidates as (
      select event.*
      from private.events_without_match(
        p_match_id, v_send_at - interval '1 day', v_send_at + interval '1 day'
      ) as event
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
