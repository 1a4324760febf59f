-- Push Sends of a period without a certain match, and the schedules that they may belong to.

create function public.load_unattributed_sends(p_campaign_id text, p_from timestamptz, p_until timestamptz, p_guard_seconds integer)
returns jsonb
language plpgsql
stable
security invoker
set search_path = ''
set jit = off
-- With the times known to the planner it looks at their partitions alone: a variable is known to it, a sum of times is not.
set plan_cache_mode = 'force_custom_plan'
as $$
declare
  v_guard interval := pg_catalog.make_interval(secs => p_guard_seconds);
  v_hour timestamptz := p_from;
  v_hour_end timestamptz;
  v_seconds jsonb := jsonb '[]';
  v_first timestamptz;
  v_last timestamptz;
begin
  -- Where Braze sends no ids, all events are among them: an hour at a time.
  while v_hour < p_until loop
    v_hour_end := least(v_hour + interval '1 hour', p_until);
    v_seconds := v_seconds || coalesce((
      select pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('sent_at', open.sent_at, 'events', open.events) order by open.sent_at)
      from (
        select event.sent_at, count(*) as events
        from public.notification_sends as event
        where event.sent_at >= v_hour and event.sent_at < v_hour_end
          and event.confidence in ('none', 'low')
          and event.correlation_method in ('tie', 'no_candidate', 'time_window')
          and event.channel = 'push' and event.event_type = 'send' and event.campaign_id = p_campaign_id
        group by event.sent_at
      ) as open
    ), '[]');
    v_hour := v_hour_end;
  end loop;
  v_first := (v_seconds #>> '{0,sent_at}')::timestamptz;
  v_last := (v_seconds #>> '{-1,sent_at}')::timestamptz;

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
        select coalesce(sum(counted.push_sends), 0) as events
        from public.match_counts as counted
        where counted.ledger_id = ledger.id
      ) as attributed
      where schedule.campaign_id = p_campaign_id and schedule.state <> 'failed'
        and (schedule.send_at_utc between v_first - v_guard and v_last + v_guard
          or schedule.moving_to_utc between v_first - v_guard and v_last + v_guard)
    ), '[]')
  );
end;
$$;

comment on function public.load_unattributed_sends(text, timestamptz, timestamptz, integer) is
  'Push Sends of a campaign in [p_from, p_until) without a certain match, by second; and every schedule around them, with its number of certain Sends as last counted.';
revoke all on function public.load_unattributed_sends(text, timestamptz, timestamptz, integer) from public, anon, authenticated, service_role;
grant execute on function public.load_unattributed_sends(text, timestamptz, timestamptz, integer) to service_role;
