-- Measures one UTC day and stores the result.

create function public.rollup_webhook_health(p_date date, p_now timestamptz)
returns jsonb
language plpgsql
volatile
security invoker
set search_path = ''
set jit = off
as $$
declare
  v_measured jsonb := public.measure_webhook_health(p_date, p_now);
begin
  -- Two rollups of one day take turns at its row.
  insert into public.webhook_health_metrics
  select measured.*
  from pg_catalog.jsonb_populate_record(
    null::public.webhook_health_metrics,
    v_measured -> 'metrics'
      || pg_catalog.jsonb_build_object('id', gen_random_uuid(), 'created_at', p_now, 'updated_at', p_now)
  ) as measured
  on conflict (date) do update
  set total_schedules_sent = excluded.total_schedules_sent,
    webhooks_received = excluded.webhooks_received,
    webhooks_delayed_5min = excluded.webhooks_delayed_5min,
    webhooks_delayed_10min = excluded.webhooks_delayed_10min,
    webhooks_never_received = excluded.webhooks_never_received,
    avg_webhook_delay_ms = excluded.avg_webhook_delay_ms,
    p50_webhook_delay_ms = excluded.p50_webhook_delay_ms,
    p95_webhook_delay_ms = excluded.p95_webhook_delay_ms,
    p99_webhook_delay_ms = excluded.p99_webhook_delay_ms,
    avg_send_lateness_ms = excluded.avg_send_lateness_ms,
    p50_send_lateness_ms = excluded.p50_send_lateness_ms,
    p95_send_lateness_ms = excluded.p95_send_lateness_ms,
    p99_send_lateness_ms = excluded.p99_send_lateness_ms,
    events = excluded.events,
    push_sends = excluded.push_sends,
    duplicates = excluded.duplicates,
    rejects = excluded.rejects,
    low_confidence_share = excluded.low_confidence_share,
    unattributed = excluded.unattributed,
    braze_reported_sends = excluded.braze_reported_sends,
    delta = excluded.delta,
    updated_at = excluded.updated_at;

  delete from public.webhook_health_patterns as pattern where pattern.date = p_date;
  insert into public.webhook_health_patterns (
    date, dimension, value, schedules, never_received, push_sends, sends_delayed_5min, delay_ms_sum, delay_ms_max,
    braze_reported_sends, recorded_of_reported
  )
  select
    p_date, pattern.dimension, pattern.value, pattern.schedules, pattern.never_received, pattern.push_sends,
    pattern.sends_delayed_5min, pattern.delay_ms_sum, pattern.delay_ms_max, pattern.braze_reported_sends,
    pattern.recorded_of_reported
  from pg_catalog.jsonb_to_recordset(v_measured -> 'patterns') as pattern (
    dimension text, value text, schedules integer, never_received integer, push_sends bigint,
    sends_delayed_5min bigint, delay_ms_sum bigint, delay_ms_max bigint, braze_reported_sends bigint,
    recorded_of_reported bigint
  );

  return v_measured -> 'metrics';
end;
$$;

comment on function public.rollup_webhook_health(date, timestamptz) is
  'Measures a UTC date and stores the result; returns the metrics. Safe to repeat.';
revoke all on function public.rollup_webhook_health(date, timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.rollup_webhook_health(date, timestamptz) to service_role;
