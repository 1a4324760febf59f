-- Watches from inside the database what cannot report its own failure.
--
-- It uses no HTTP: a dead pg_net, a wrong secret or a function that crashes each time would also stop a watcher that is
-- called like the others.

create function private.heartbeat(p_now timestamptz)
returns jsonb
language plpgsql
volatile
security invoker
set search_path = ''
set jit = off
as $$
declare
  v_settings private.settings;
  v_alerts jsonb;
begin
  select * into strict v_settings from private.settings;

  with failures as (
    select
      count(*) as count,
      count(*) filter (where response.timed_out) as timed_out,
      coalesce(
        pg_catalog.array_agg(distinct response.status_code) filter (where response.status_code is not null), '{}'
      ) as status_codes,
      pg_catalog.array_agg(distinct run.function_name) as functions,
      max(response.error_msg) as an_error,
      max(response.created) as last_at
    from net._http_response as response
    -- Requests of the project's own jobs do not count. After a crash pg_net counts from 1 again, so an id alone is not enough.
    join public.job_runs as run on run.request_id = response.id
      and response.created >= run.called_at - interval '1 minute' and response.created < run.called_at + interval '10 minutes'
    where response.created > p_now - v_settings.call_failures_watched
      and run.called_at > p_now - v_settings.call_failures_watched - interval '1 hour'
      and (
        response.timed_out is true or response.error_msg is not null or response.status_code is null
        or response.status_code not between 200 and 299
      )
  ),
  rejects as (
    select
      count(*) as count, coalesce(sum(pg_catalog.octet_length(reject.body)), 0) as bytes, max(reject.last_received_at) as last_at,
      min(reject.reason) as a_reason
    from public.webhook_rejects as reject
    where reject.last_received_at > p_now - interval '1 hour'
      and (reject.replayed_at is null or reject.replayed_at < reject.last_received_at)
  ),
  partitions as (
    select
      max(existing.ends_at) as last_ends_at,
      coalesce(
        pg_catalog.range_agg(pg_catalog.tstzrange(existing.starts_at, existing.ends_at)) @> pg_catalog.tstzrange(
          p_now, p_now + case v_settings.partition_by when 'day' then interval '1 day' else interval '1 month' end
        ),
        false
      ) as reach
    from private.event_partitions as existing
  ),
  trouble (fingerprint, rule, severity, title, details) as (
    select
      'function_stalled:' || silent.function_name,
      'function_stalled',
      'critical',
      silent.function_name || ' has not succeeded since '
        || pg_catalog.to_char(silent.silent_since at time zone 'utc', 'YYYY-MM-DD HH24:MI') || ' UTC',
      pg_catalog.jsonb_build_object(
        'function_name', silent.function_name,
        'period_minutes', extract(epoch from silent.period)::integer / 60,
        'last_success_at', silent.last_success_at,
        'silent_since', silent.silent_since,
        'last_outcome', silent.last_outcome,
        'last_error', silent.last_error
      )
    from private.function_successes() as silent
    where silent.silent_since < p_now - 2 * silent.period
    union all
    select
      'pg_net_failures',
      'pg_net_failures',
      'warning',
      private.counted_text(failures.count, 'call by pg_cron was not answered as it should be', 'calls by pg_cron were not answered as they should be'),
      pg_catalog.jsonb_build_object(
        'failures', failures.count,
        'timed_out', failures.timed_out,
        'status_codes', failures.status_codes,
        'functions', failures.functions,
        'an_error', failures.an_error,
        'last_at', failures.last_at
      )
    from failures
    where failures.count > 0
    union all
    select
      'partitions_low',
      'partitions_low',
      'critical',
      'Partitions for new events run out: events without one end in webhook_rejects',
      pg_catalog.jsonb_build_object('partition_by', v_settings.partition_by, 'last_ends_at', partitions.last_ends_at)
    from partitions
    where not partitions.reach
    union all
    select
      'rejects_backlog',
      'rejects_backlog',
      'warning',
      private.count_text(rejects.count) || ' events or bodies that Braze sent, of ' || private.count_text((rejects.bytes + 999) / 1000)
        || ' KB together, were not understood within an hour',
      pg_catalog.jsonb_build_object(
        'rejects', rejects.count, 'bytes', rejects.bytes, 'last_at', rejects.last_at, 'a_reason', rejects.a_reason
      )
    from rejects
    -- A body that cannot be read holds an unknown number of events.
    where rejects.count > v_settings.rejects_an_hour_max or rejects.bytes > v_settings.reject_bytes_an_hour_max
  )
  select coalesce(pg_catalog.jsonb_agg(
    pg_catalog.to_jsonb(trouble) || jsonb '{"audience": "engineering", "match_id": null}' order by trouble.fingerprint
  ), '[]')
  into v_alerts
  from trouble;

  return public.sync_alerts(
    array['function_stalled', 'pg_net_failures', 'partitions_low', 'rejects_backlog'], v_alerts, p_now
  );
end;
$$;

comment on function private.heartbeat(timestamptz) is
  'Alerts function_stalled, pg_net_failures, partitions_low and rejects_backlog, and resolves them; returns {raised, resolved}.';
revoke all on function private.heartbeat(timestamptz) from public, anon, authenticated, service_role;
