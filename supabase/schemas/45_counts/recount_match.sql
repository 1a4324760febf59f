-- Counts the events of one match, and keeps the numbers.
--
-- A user is known by the external id, else by Braze's own id, else by the device: an anonymous user has no external id.
-- Matches whose events are pruned keep their counts.

create function public.recount_match(p_ledger_id uuid, p_now timestamptz)
returns jsonb
language plpgsql
volatile
security invoker
set search_path = ''
set jit = off
-- With the time known to the planner it looks at its partitions alone.
set plan_cache_mode = 'force_custom_plan'
set work_mem = '64MB'
as $$
declare
  v_from timestamptz;
  v_times jsonb;
  v_counts jsonb;
  v_users integer;
  v_double_push_users integer;
begin
  -- The row before its mark, as in all that marks. An event that is judged meanwhile marks it again.
  select least(ledger.created_at, ledger.send_at_utc) - interval '1 day'
  into v_from
  from public.schedule_ledger as ledger
  where ledger.id = p_ledger_id
    and ledger.send_at_utc >= (select min(kept.starts_at) from private.event_partitions as kept)
  for no key update;
  delete from private.recounts as recount where recount.ledger_id = p_ledger_id;
  if v_from is null then
    return jsonb '{"users": null, "double_push_users": null}';
  end if;
  select pg_catalog.jsonb_object_agg(schedule.generation, schedule.send_at_utc) || pg_catalog.jsonb_build_object(
    '0', (select ledger.send_at_utc from public.schedule_ledger as ledger where ledger.id = p_ledger_id)
  )
  into v_times
  from public.braze_schedules as schedule
  where schedule.ledger_id = p_ledger_id;

  with told as materialized (
    select
      coalesce(event.generation, 0) as generation,
      coalesce(event.external_user_id, event.braze_user_id, event.device_id, event.event_id) collate "C" as recipient,
      event.sent_at,
      event.received_at,
      event.event_type,
      event.channel,
      event.time_kind = 'send' as has_send_time,
      event.confidence in ('high', 'medium') as is_sure,
      event.event_type = 'send' and event.channel = 'push' as is_push_send,
      event.event_type = 'send' and event.channel = 'push' and event.confidence in ('high', 'medium') as is_sure_push,
      case when event.event_type = 'abort' and event.channel = 'push' then coalesce(
        event.raw_payload -> 'properties' ->> 'abort_type', event.raw_payload ->> 'abort_type', 'unknown'
      ) end as abort_reason,
      case when event.event_type = 'send' and event.channel = 'push' then coalesce(
        event.raw_payload -> 'properties' ->> 'platform', event.raw_payload ->> 'platform', 'unknown'
      ) end as platform
    from public.notification_sends as event
    where event.ledger_id = p_ledger_id and event.sent_at >= v_from
  ),
  by_generation as (
    select
      told.generation,
      count(*) filter (where told.is_sure_push) as push_sends,
      count(*) filter (where told.is_sure and told.channel = 'webhook' and told.event_type = 'send') as webhook_sends,
      count(*) as events,
      count(*) filter (where not told.is_sure) as low_events,
      count(*) filter (where not told.is_sure and told.is_push_send) as low_push_sends,
      min(told.sent_at) filter (where told.is_sure_push and told.has_send_time) as first_sent_at,
      max(told.sent_at) filter (where told.is_sure_push and told.has_send_time) as last_sent_at,
      min(told.received_at) filter (where told.is_sure and told.event_type = 'send') as first_received_at,
      max(told.received_at) as last_received_at
    from told
    group by told.generation
  ),
  recipients as materialized (
    select
      told.generation,
      told.recipient,
      pg_catalog.bool_or(told.is_sure_push) as was_sent,
      pg_catalog.bool_or(told.event_type = 'bounce') as has_bounced,
      pg_catalog.bool_or(told.event_type = 'open') as has_opened,
      min(told.abort_reason) as abort_reason
    from told
    where told.is_sure and told.channel = 'push'
    group by told.generation, told.recipient
  ),
  users as (
    select
      recipients.generation,
      count(*) filter (where recipients.was_sent) as users,
      count(*) filter (where recipients.has_bounced) as bounced_users,
      count(*) filter (where recipients.has_opened) as opened_users,
      count(recipients.abort_reason) as aborted_users
    from recipients
    group by recipients.generation
  ),
  reasons as (
    select counted.generation, pg_catalog.jsonb_object_agg(counted.abort_reason, counted.users) as abort_reasons
    from (
      select recipients.generation, recipients.abort_reason, count(*) as users
      from recipients
      where recipients.abort_reason is not null
      group by recipients.generation, recipients.abort_reason
    ) as counted
    group by counted.generation
  ),
  -- Requests hold many events with the same two times.
  by_time as materialized (
    select
      told.generation, told.platform, told.sent_at, told.received_at, count(*) as sends,
      pg_catalog.date_part('epoch', told.received_at - told.sent_at) * 1000 as delay_ms
    from told
    where told.is_sure_push
    group by told.generation, told.platform, told.sent_at, told.received_at
  ),
  first_delays as (
    -- Of events in one request, the one with the longest delay.
    select distinct on (by_time.generation) by_time.generation, by_time.delay_ms
    from by_time
    order by by_time.generation, by_time.received_at, by_time.delay_ms desc
  ),
  durations as (
    select by_time.generation, true as is_delay, by_time.delay_ms as ms, sum(by_time.sends) as sends
    from by_time
    group by by_time.generation, by_time.delay_ms
    union all
    select
      by_second.generation, false,
      pg_catalog.date_part('epoch', by_second.sent_at - (v_times ->> by_second.generation::text)::timestamptz) * 1000,
      by_second.sends
    from (
      select by_time.generation, by_time.sent_at, sum(by_time.sends) as sends
      from by_time
      group by by_time.generation, by_time.sent_at
    ) as by_second
    where v_times ? by_second.generation::text
  ),
  -- Three digits of each: 7,000 ms stays, 123,456 becomes 123,000. Not by a function: a call for each pair of times costs more
  -- than all the rest.
  bars as (
    select rounded.generation, rounded.is_delay, (pg_catalog.round(rounded.ms / rounded.step) * rounded.step)::bigint as ms,
      sum(rounded.sends) as sends
    from (
      select
        durations.*,
        case
          when pg_catalog.abs(durations.ms) < 1e3 then 1
          when pg_catalog.abs(durations.ms) < 1e4 then 10
          when pg_catalog.abs(durations.ms) < 1e5 then 100
          when pg_catalog.abs(durations.ms) < 1e6 then 1000
          when pg_catalog.abs(durations.ms) < 1e7 then 10000
          when pg_catalog.abs(durations.ms) < 1e8 then 100000
          else 1000000
        end as step
      from durations
    ) as rounded
    group by 1, 2, 3
  ),
  histograms as (
    select
      bars.generation,
      pg_catalog.jsonb_object_agg(bars.ms, bars.sends) filter (where bars.is_delay) as delays,
      pg_catalog.jsonb_object_agg(bars.ms, bars.sends) filter (where not bars.is_delay) as latenesses
    from bars
    group by bars.generation
  ),
  platforms as (
    select
      counted.generation,
      pg_catalog.jsonb_object_agg(counted.platform, pg_catalog.jsonb_build_object(
        'push_sends', counted.sends, 'delayed_5min', counted.delayed,
        'delay_ms_sum', counted.delay_ms_sum, 'delay_ms_max', counted.delay_ms_max
      )) as platforms
    from (
      select
        by_time.generation, by_time.platform, sum(by_time.sends) as sends,
        coalesce(sum(by_time.sends) filter (where by_time.delay_ms > 300000), 0) as delayed,
        pg_catalog.round(sum(by_time.delay_ms * by_time.sends)) as delay_ms_sum,
        pg_catalog.round(max(by_time.delay_ms)) as delay_ms_max
      from by_time
      group by by_time.generation, by_time.platform
    ) as counted
    group by counted.generation
  )
  select
    coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
      'ledger_id', p_ledger_id,
      'generation', by_generation.generation,
      'users', coalesce(users.users, 0),
      'push_sends', by_generation.push_sends,
      'webhook_sends', by_generation.webhook_sends,
      'bounced_users', coalesce(users.bounced_users, 0),
      'aborted_users', coalesce(users.aborted_users, 0),
      'opened_users', coalesce(users.opened_users, 0),
      'abort_reasons', coalesce(reasons.abort_reasons, '{}'),
      'events', by_generation.events,
      'low_events', by_generation.low_events,
      'low_push_sends', by_generation.low_push_sends,
      'first_sent_at', by_generation.first_sent_at,
      'last_sent_at', by_generation.last_sent_at,
      'first_received_at', by_generation.first_received_at,
      'last_received_at', by_generation.last_received_at,
      'first_delay_ms', pg_catalog.round(first_delays.delay_ms),
      'delays', coalesce(histograms.delays, '{}'),
      'latenesses', coalesce(histograms.latenesses, '{}'),
      'platforms', coalesce(platforms.platforms, '{}'),
      'counted_at', p_now
    )), '[]'),
    (select count(distinct recipients.recipient) from recipients where recipients.was_sent)
  into v_counts, v_users
  from by_generation
  left join users using (generation)
  left join reasons using (generation)
  left join first_delays using (generation)
  left join histograms using (generation)
  left join platforms using (generation);

  delete from public.match_counts as counted
  where counted.ledger_id = p_ledger_id
    and counted.generation not in (
      select told.generation from pg_catalog.jsonb_to_recordset(v_counts) as told (generation integer)
    );
  insert into public.match_counts as counted
  select told.*
  from pg_catalog.jsonb_populate_recordset(null::public.match_counts, v_counts) as told
  order by told.generation
  on conflict (ledger_id, generation) do update
  set users = excluded.users,
    push_sends = excluded.push_sends,
    webhook_sends = excluded.webhook_sends,
    bounced_users = excluded.bounced_users,
    aborted_users = excluded.aborted_users,
    opened_users = excluded.opened_users,
    abort_reasons = excluded.abort_reasons,
    events = excluded.events,
    low_events = excluded.low_events,
    low_push_sends = excluded.low_push_sends,
    first_sent_at = excluded.first_sent_at,
    last_sent_at = excluded.last_sent_at,
    first_received_at = excluded.first_received_at,
    last_received_at = excluded.last_received_at,
    first_delay_ms = excluded.first_delay_ms,
    delays = excluded.delays,
    latenesses = excluded.latenesses,
    platforms = excluded.platforms,
    counted_at = excluded.counted_at;

  v_double_push_users := private.detect_double_push(p_ledger_id, v_from, p_now);

  -- updated_at stays: only derived counts change.
  update public.schedule_ledger as ledger
  set actual_send_count = v_users, double_push_users = v_double_push_users, counted_at = p_now
  where ledger.id = p_ledger_id;
  return pg_catalog.jsonb_build_object('users', v_users, 'double_push_users', v_double_push_users);
end;
$$;

comment on function public.recount_match(uuid, timestamptz) is
  'Counts the events of a ledger row into match_counts, sets its actual_send_count and double_push_users, and raises or resolves its double_push; returns {users, double_push_users}, null where its events are pruned.';
revoke all on function public.recount_match(uuid, timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.recount_match(uuid, timestamptz) to service_role;
