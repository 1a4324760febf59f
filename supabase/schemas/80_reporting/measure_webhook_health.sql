-- Measures one UTC day from the counts of its matches.
--
-- Of the events themselves it reads only those without a match, an hour at a time: there should be few, but where Braze sends
-- no ids they are all of them.

create function private.count_unattributed(p_from timestamptz, p_until timestamptz)
returns bigint
language plpgsql
stable
security invoker
set search_path = ''
set jit = off
-- With the times known to the planner it looks at their partitions alone: a variable is known to it, a sum of times is not.
set plan_cache_mode = 'force_custom_plan'
as $$
declare
  v_total bigint := 0;
  v_from timestamptz := p_from;
  v_until timestamptz;
  v_events bigint;
begin
  while v_from < p_until loop
    v_until := least(v_from + interval '1 hour', p_until);
    select count(*) into v_events
    from public.notification_sends as event
    where event.confidence = 'none' and event.correlation_method not in ('other_campaign', 'test_send')
      and event.sent_at >= v_from and event.sent_at < v_until;
    v_total := v_total + v_events;
    v_from := v_until;
  end loop;
  return v_total;
end;
$$;

comment on function private.count_unattributed(timestamptz, timestamptz) is
  'Events of [p_from, p_until) that may be ours and have no match.';
revoke all on function private.count_unattributed(timestamptz, timestamptz) from public, anon, authenticated, service_role;
grant execute on function private.count_unattributed(timestamptz, timestamptz) to service_role;

create function public.measure_webhook_health(p_date date, p_now timestamptz)
returns jsonb
language plpgsql
stable
security invoker
set search_path = ''
set jit = off
as $$
declare
  v_from timestamptz := p_date::timestamp at time zone 'utc';
  v_until timestamptz := (p_date + 1)::timestamp at time zone 'utc';
  v_unattributed bigint := private.count_unattributed(v_from, v_until);
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
    -- Sends of an older generation do not count.
    told as materialized (
      select due.id, counted.*
      from due
      join public.match_counts as counted on counted.ledger_id = due.id and counted.generation in (0, due.generation)
      where counted.events > counted.low_events
    ),
    by_platform as materialized (
      select
        told.id, platform.key as platform, (platform.value ->> 'push_sends')::bigint as push_sends,
        (platform.value ->> 'delayed_5min')::bigint as delayed_5min, (platform.value ->> 'delay_ms_sum')::bigint as delay_ms_sum,
        (platform.value ->> 'delay_ms_max')::bigint as delay_ms_max
      from told
      cross join lateral pg_catalog.jsonb_each(told.platforms) as platform
    ),
    delayed as (
      select
        by_platform.id, sum(by_platform.delayed_5min) as sends_delayed, sum(by_platform.delay_ms_sum) as delay_ms_sum,
        max(by_platform.delay_ms_max) as delay_ms_max
      from by_platform
      group by by_platform.id
    ),
    counted as (
      select
        told.id,
        sum(told.push_sends) as push_sends,
        min(told.first_received_at) as first_received_at,
        (pg_catalog.array_agg(told.first_delay_ms order by told.first_received_at)
          filter (where told.first_delay_ms is not null))[1] as first_delay_ms
      from told
      group by told.id
    ),
    by_schedule as materialized (
      select
        due.*,
        counted.id is not null as is_received,
        coalesce(counted.push_sends, 0) as push_sends,
        coalesce(delayed.sends_delayed, 0) as sends_delayed,
        coalesce(delayed.delay_ms_sum, 0) as delay_ms_sum,
        delayed.delay_ms_max,
        coalesce(
          counted.first_delay_ms,
          -- Webhook-channel events have no time of their own.
          pg_catalog.date_part('epoch', counted.first_received_at - due.send_at_utc) * 1000
        ) as first_delay_ms
      from due
      left join counted using (id)
      left join delayed using (id)
    ),
    schedules as (
      select
        count(*) as total,
        count(*) filter (where is_received) as received,
        count(*) filter (where first_delay_ms > v_five_minutes_ms) as delayed_5min,
        count(*) filter (where first_delay_ms > 2 * v_five_minutes_ms) as delayed_10min,
        coalesce(sum(push_sends), 0) as push_sends,
        pg_catalog.round(sum(delay_ms_sum)::numeric / nullif(sum(push_sends), 0)) as avg_delay,
        sum(braze_reported_count) as reported,
        sum(braze_reported_count - push_sends) as missing
      from by_schedule
    ),
    histograms as (
      select pg_catalog.array_agg(told.delays) as delays, pg_catalog.array_agg(told.latenesses) as latenesses
      from told
    ),
    average_lateness as (
      select pg_catalog.round(sum(bar.key::bigint * bar.value::bigint)::numeric / nullif(sum(bar.value::bigint), 0)) as ms
      from told
      cross join lateral pg_catalog.jsonb_each_text(told.latenesses) as bar
    ),
    day_events as (
      select coalesce(sum(counted.events), 0) as attributed, coalesce(sum(counted.low_events), 0) as low
      from due
      join public.match_counts as counted on counted.ledger_id = due.id
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
        sum(by_schedule.delay_ms_sum) as delay_ms_sum,
        max(by_schedule.delay_ms_max) as delay_ms_max,
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
        'platform', by_platform.platform, count(distinct by_platform.id), null, sum(by_platform.push_sends),
        sum(by_platform.delayed_5min), sum(by_platform.delay_ms_sum), max(by_platform.delay_ms_max), null, null
      from by_platform
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
        'avg_webhook_delay_ms', schedules.avg_delay,
        'p50_webhook_delay_ms', private.rank_in_histogram(histograms.delays, 0.5),
        'p95_webhook_delay_ms', private.rank_in_histogram(histograms.delays, 0.95),
        'p99_webhook_delay_ms', private.rank_in_histogram(histograms.delays, 0.99),
        'avg_send_lateness_ms', average_lateness.ms,
        'p50_send_lateness_ms', private.rank_in_histogram(histograms.latenesses, 0.5),
        'p95_send_lateness_ms', private.rank_in_histogram(histograms.latenesses, 0.95),
        'p99_send_lateness_ms', private.rank_in_histogram(histograms.latenesses, 0.99),
        'events', day_events.attributed + v_unattributed,
        'push_sends', schedules.push_sends,
        'duplicates', requests.duplicates,
        'rejects', requests.rejects,
        'low_confidence_share', pg_catalog.round(day_events.low::numeric / nullif(day_events.attributed + v_unattributed, 0), 4),
        'unattributed', v_unattributed,
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
    from schedules, histograms, average_lateness, day_events, requests
  );
end;
$$;

comment on function public.measure_webhook_health(date, timestamptz) is
  'The rows of webhook_health_metrics and webhook_health_patterns for a UTC date, from match_counts, without writing them.';
revoke all on function public.measure_webhook_health(date, timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.measure_webhook_health(date, timestamptz) to service_role;
