-- Measures one UTC day in one statement.
--
-- Its cost follows the day: the schedules due then and the events around it, by index and in their partitions.

create function public.measure_webhook_health(p_date date, p_now timestamptz)
returns jsonb
language plpgsql
stable
security invoker
set search_path = ''
-- With the dates known to the planner it looks at their partitions alone; a matchday is half a million events.
set plan_cache_mode = 'force_custom_plan'
set work_mem = '64MB'
as $$
declare
  v_from timestamptz := p_date::timestamp at time zone 'utc';
  v_until timestamptz := (p_date + 1)::timestamp at time zone 'utc';
  -- Braze's clock may be a little ahead; Braze retries for a day.
  v_told_from timestamptz := v_from - interval '1 hour';
  v_told_until timestamptz := v_until + interval '1 day';
  v_five_minutes_ms constant integer := 300000;
begin
  return (
    with due as materialized (
      select
        ledger.id,
        ledger.generation,
        ledger.campaign_id,
        ledger.send_at_utc,
        ledger.braze_reported_count,
        pg_catalog.to_char(ledger.send_at_utc at time zone 'utc', 'HH24') as hour_of_day,
        case
          when ledger.expected_send_count is null then 'unknown'
          when ledger.expected_send_count < 1000 then 'under 1,000'
          when ledger.expected_send_count < 10000 then '1,000 to 9,999'
          when ledger.expected_send_count < 50000 then '10,000 to 49,999'
          else '50,000 and more'
        end as match_size
      from public.schedule_ledger as ledger
      where ledger.send_at_utc >= v_from and ledger.send_at_utc < v_until
        -- On the day itself, schedules that are not due yet are not missing.
        and ledger.send_at_utc < p_now
        and ledger.status <> 'cancelled'
    ),
    told as materialized (
      select
        due.id,
        event.received_at,
        event.event_type = 'send' as is_send,
        event.event_type = 'send' and event.channel = 'push' as is_push_send,
        pg_catalog.date_part('epoch', event.received_at - event.sent_at) * 1000 as delay_ms,
        pg_catalog.date_part('epoch', event.sent_at - due.send_at_utc) * 1000 as lateness_ms,
        coalesce(event.raw_payload -> 'properties' ->> 'platform', event.raw_payload ->> 'platform', 'unknown') as platform
      from public.notification_sends as event
      join due on due.id = event.ledger_id
      -- All matches in one pass: events of one time lie mixed on the same pages.
      where event.ledger_id = any (array(select due.id from due))
        and event.sent_at >= v_told_from and event.sent_at < v_told_until
        and event.confidence in ('high', 'medium')
        -- Sends of an older generation do not count.
        and coalesce(event.generation, due.generation) = due.generation
    ),
    counted as materialized (
      select
        told.id,
        count(*) filter (where told.is_push_send) as push_sends,
        count(*) filter (where told.is_push_send and told.delay_ms > v_five_minutes_ms) as sends_delayed,
        sum(told.delay_ms) filter (where told.is_push_send) as delay_ms_sum,
        max(told.delay_ms) filter (where told.is_push_send) as delay_ms_max,
        min(told.received_at) filter (where told.is_send) as first_received_at
      from told
      group by told.id
    ),
    by_receipt as (
      select told.id, told.received_at, max(told.delay_ms) as delay_ms
      from told
      where told.is_push_send
      group by told.id, told.received_at
    ),
    first_push as (
      -- Of events in one request, the one with the longest delay.
      select distinct on (by_receipt.id) by_receipt.id, by_receipt.delay_ms
      from by_receipt
      order by by_receipt.id, by_receipt.received_at
    ),
    by_schedule as materialized (
      select
        due.*,
        counted.id is not null as is_received,
        coalesce(counted.push_sends, 0) as push_sends,
        coalesce(counted.sends_delayed, 0) as sends_delayed,
        coalesce(counted.delay_ms_sum, 0) as delay_ms_sum,
        counted.delay_ms_max,
        coalesce(
          first_push.delay_ms,
          -- Webhook-channel events have no time of their own.
          pg_catalog.date_part('epoch', counted.first_received_at - due.send_at_utc) * 1000
        ) as first_delay_ms
      from due
      left join counted using (id)
      left join first_push using (id)
    ),
    schedules as (
      select
        count(*) as total,
        count(*) filter (where is_received) as received,
        count(*) filter (where first_delay_ms > v_five_minutes_ms) as delayed_5min,
        count(*) filter (where first_delay_ms > 2 * v_five_minutes_ms) as delayed_10min,
        coalesce(sum(push_sends), 0) as push_sends,
        sum(braze_reported_count) as reported,
        sum(braze_reported_count - push_sends) as missing
      from by_schedule
    ),
    sends as (
      select
        round(avg(told.delay_ms)) as avg_delay,
        pg_catalog.percentile_disc(array[0.5, 0.95, 0.99]) within group (order by told.delay_ms) as delays,
        round(avg(told.lateness_ms)) as avg_lateness,
        pg_catalog.percentile_disc(array[0.5, 0.95, 0.99]) within group (order by told.lateness_ms) as latenesses
      from told
      where told.is_push_send
    ),
    day_events as (
      select
        count(*) as events,
        count(*) filter (
          where event.correlation_method in ('contradiction', 'tie', 'no_candidate', 'no_evidence', 'unknown_match')
        ) as unattributed,
        round(
          count(*) filter (where event.confidence = 'low')::numeric
            / nullif(count(*) filter (where event.correlation_method not in ('other_campaign', 'test_send')), 0),
          4
        ) as low_confidence_share
      from public.notification_sends as event
      where event.sent_at >= v_from and event.sent_at < v_until
    ),
    requests as (
      select coalesce(sum(counted.duplicates), 0) as duplicates, coalesce(sum(counted.rejected), 0) as rejects
      from public.webhook_daily_counts as counted
      where counted.date = p_date
    ),
    patterns as (
      select
        place.dimension,
        place.value,
        count(*) as schedules,
        count(*) filter (where not by_schedule.is_received) as never_received,
        sum(by_schedule.push_sends) as push_sends,
        sum(by_schedule.sends_delayed) as sends_delayed_5min,
        round(sum(by_schedule.delay_ms_sum)) as delay_ms_sum,
        round(max(by_schedule.delay_ms_max)) as delay_ms_max,
        sum(by_schedule.braze_reported_count) as braze_reported_sends,
        sum(by_schedule.push_sends) filter (where by_schedule.braze_reported_count is not null) as recorded_of_reported
      from by_schedule
      cross join lateral (
        values
          ('hour_of_day', by_schedule.hour_of_day),
          ('campaign', by_schedule.campaign_id),
          ('match_size', by_schedule.match_size)
      ) as place (dimension, value)
      group by place.dimension, place.value
      union all
      select
        'platform',
        by_platform.platform,
        count(*),
        null,
        sum(by_platform.push_sends),
        sum(by_platform.sends_delayed),
        round(sum(by_platform.delay_ms_sum)),
        round(max(by_platform.delay_ms_max)),
        null,
        null
      from (
        select
          told.platform,
          count(*) as push_sends,
          count(*) filter (where told.delay_ms > v_five_minutes_ms) as sends_delayed,
          sum(told.delay_ms) as delay_ms_sum,
          max(told.delay_ms) as delay_ms_max
        from told
        where told.is_push_send
        group by told.platform, told.id
      ) as by_platform
      group by by_platform.platform
    )
    select pg_catalog.jsonb_build_object(
      'metrics', pg_catalog.jsonb_build_object(
        'date', p_date,
        'total_schedules_sent', schedules.total,
        'webhooks_received', schedules.received,
        'webhooks_delayed_5min', schedules.delayed_5min,
        'webhooks_delayed_10min', schedules.delayed_10min,
        'webhooks_never_received', schedules.total - schedules.received,
        'avg_webhook_delay_ms', sends.avg_delay,
        'p50_webhook_delay_ms', round(sends.delays[1]),
        'p95_webhook_delay_ms', round(sends.delays[2]),
        'p99_webhook_delay_ms', round(sends.delays[3]),
        'avg_send_lateness_ms', sends.avg_lateness,
        'p50_send_lateness_ms', round(sends.latenesses[1]),
        'p95_send_lateness_ms', round(sends.latenesses[2]),
        'p99_send_lateness_ms', round(sends.latenesses[3]),
        'events', day_events.events,
        'push_sends', schedules.push_sends,
        'duplicates', requests.duplicates,
        'rejects', requests.rejects,
        'low_confidence_share', day_events.low_confidence_share,
        'unattributed', day_events.unattributed,
        'braze_reported_sends', schedules.reported,
        'delta', schedules.missing
      ),
      'patterns', (
        select coalesce(pg_catalog.jsonb_agg(
          pg_catalog.to_jsonb(patterns) order by patterns.dimension, patterns.value
        ), '[]')
        from patterns
      )
    )
    from schedules, sends, day_events, requests
  );
end;
$$;

comment on function public.measure_webhook_health(date, timestamptz) is
  'The rows of webhook_health_metrics and webhook_health_patterns for a UTC date, without writing them.';
revoke all on function public.measure_webhook_health(date, timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.measure_webhook_health(date, timestamptz) to service_role;
