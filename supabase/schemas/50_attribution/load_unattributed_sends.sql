-- Push Sends of a period without a certain match, and the schedules that they may belong to.

create function public.load_unattributed_sends(p_campaign_id text, p_from timestamptz, p_until timestamptz, p_guard_seconds integer)
returns jsonb
language plpgsql
stable
security invoker
set search_path = ''
as $$
declare
  v_guard interval := pg_catalog.make_interval(secs => p_guard_seconds);
  v_seconds jsonb;
  v_first timestamptz;
  v_last timestamptz;
begin
  select
    coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('sent_at', open.sent_at, 'events', open.events) order by open.sent_at), '[]'),
    min(open.sent_at),
    max(open.sent_at)
  into v_seconds, v_first, v_last
  from (
    select event.sent_at, count(*) as events
    from public.notification_sends as event
    where event.sent_at >= p_from and event.sent_at < p_until
      and event.confidence in ('none', 'low')
      and event.correlation_method in ('tie', 'no_candidate', 'time_window')
      and event.channel = 'push' and event.event_type = 'send' and event.campaign_id = p_campaign_id
    group by event.sent_at
  ) as open;

  return pg_catalog.jsonb_build_object(
    'seconds', v_seconds,
    'schedules', coalesce((
      select pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
        'ledger_id', ledger.id,
        'match_id', ledger.match_id,
        'generation', schedule.generation,
        'state', schedule.state,
        'send_at', schedule.send_at_utc,
        'moving_to', schedule.moving_to_utc,
        'send_id', case when not exists (
          select 1
          from public.schedule_identifiers as known
          where known.kind = 'send_id' and known.value = ledger.send_id
            and (known.ambiguous or known.ledger_id <> ledger.id)
        ) then ledger.send_id end,
        'attributed', attributed.events
      ) order by schedule.send_at_utc, ledger.match_id, schedule.generation)
      from public.braze_schedules as schedule
      join public.schedule_ledger as ledger on ledger.id = schedule.ledger_id
      cross join lateral (
        select count(*) as events
        from public.notification_sends as event
        where event.ledger_id = ledger.id
          and event.channel = 'push' and event.event_type = 'send'
          and event.confidence in ('high', 'medium')
      ) as attributed
      where schedule.campaign_id = p_campaign_id and schedule.state <> 'failed'
        and (schedule.send_at_utc between v_first - v_guard and v_last + v_guard
          or schedule.moving_to_utc between v_first - v_guard and v_last + v_guard)
    ), '[]')
  );
end;
$$;

comment on function public.load_unattributed_sends(text, timestamptz, timestamptz, integer) is
  'Push Sends of a campaign in [p_from, p_until) without a certain match, by second; and every schedule around them, with its number of certain Sends.';
revoke all on function public.load_unattributed_sends(text, timestamptz, timestamptz, integer) from public, anon, authenticated, service_role;
grant execute on function public.load_unattributed_sends(text, timestamptz, timestamptz, integer) to service_role;
