-- Create the views that answer the questions of the gap analysis: was it right, is it getting worse, where does it fail.

create view public.match_verification
with (security_invoker = true)
as
select
  ledger.match_id,
  match.competition,
  match.home_team,
  match.away_team,
  ledger.send_at_utc,
  ledger.status,
  ledger.sent_evidence,
  ledger.generation,
  ledger.expected_send_count as expected_users,
  ledger.expected_send_count_min as expected_users_min,
  ledger.expected_send_count_max as expected_users_max,
  ledger.expected_source,
  counted.actual_users,
  counted.events,
  counted.sends,
  counted.webhook_sends,
  counted.opens,
  counted.bounces,
  counted.aborts,
  counted.aborts_by_type,
  counted.low_confidence,
  ledger.braze_reported_count as braze_reported_sends,
  counted.actual_users - ledger.expected_send_count as delta,
  ledger.braze_reported_count - counted.sends as missing_sends,
  case
    when ledger.status = 'cancelled' and counted.actual_users > 0 then 'sent_although_cancelled'
    when ledger.status = 'cancelled' then 'cancelled'
    when counted.events = 0 and counted.actual_users = 0 and ledger.braze_reported_count > 0 then 'webhooks_missing'
    when counted.events = 0 and counted.actual_users = 0 then 'no_evidence'
    when counted.actual_users = 0 then 'no_push_sent'
    when ledger.braze_reported_count > counted.sends and counted.sends > 0 then 'webhooks_missing'
    when coalesce(ledger.expected_send_count_max, ledger.expected_send_count) is null then 'no_expectation'
    when counted.actual_users + counted.aborts < coalesce(ledger.expected_send_count_min, ledger.expected_send_count)
      then 'fewer_than_expected'
    when counted.actual_users > coalesce(ledger.expected_send_count_max, ledger.expected_send_count)
      then 'more_than_expected'
    else 'as_expected'
  end as verdict
from public.schedule_ledger as ledger
join public.matches as match on match.id = ledger.match_id
cross join lateral (
  with told as materialized (
    select
      coalesce(event.external_user_id, event.device_id, event.event_id) collate "C" as recipient,
      event.event_type,
      event.confidence in ('high', 'medium') as is_sure,
      event.event_type = 'send' and event.channel = 'push' and event.confidence in ('high', 'medium') as is_push_send,
      event.channel,
      case event.event_type when 'abort' then coalesce(
        event.raw_payload -> 'properties' ->> 'abort_type', event.raw_payload ->> 'abort_type', 'unknown'
      ) end as abort_type
    from public.notification_sends as event
    where event.ledger_id = ledger.id
      and event.sent_at >= least(ledger.created_at, ledger.send_at_utc) - interval '1 day'
  )
  select
    -- Where the events are pruned already, what was counted of them stands.
    case count(*)
      when 0 then coalesce(ledger.actual_send_count, 0)
      else count(distinct told.recipient) filter (where told.is_push_send)
    end as actual_users,
    count(*) as events,
    count(*) filter (where told.is_push_send) as sends,
    count(*) filter (where told.is_sure and told.channel = 'webhook' and told.event_type = 'send') as webhook_sends,
    count(*) filter (where told.is_sure and told.event_type = 'open') as opens,
    count(*) filter (where told.is_sure and told.event_type = 'bounce') as bounces,
    count(*) filter (where told.is_sure and told.event_type = 'abort') as aborts,
    (
      select coalesce(pg_catalog.jsonb_object_agg(by_type.abort_type, by_type.count), '{}')
      from (
        select aborted.abort_type, count(*) as count
        from told as aborted
        where aborted.is_sure and aborted.abort_type is not null
        group by aborted.abort_type
      ) as by_type
    ) as aborts_by_type,
    count(*) filter (where not told.is_sure) as low_confidence
  from told
) as counted
where ledger.send_at_utc <= now();
comment on view public.match_verification is
  'Each schedule that was due, expected against actual: users, events, what Braze reports, and a verdict. Ask for one match or a window of send_at_utc: it counts events as it is asked.';
comment on column public.match_verification.actual_users is 'Users with a push Send event, tied to the match with high or medium confidence.';
comment on column public.match_verification.low_confidence is 'Events tied to the match with low confidence: in none of the other numbers but events.';
comment on column public.match_verification.delta is 'actual_users less expected_users.';
comment on column public.match_verification.missing_sends is 'What Braze reports less the push Send events held: above 0, webhooks are missing.';

create index scheduler_logs_duplicates_idx on public.scheduler_logs (logged_at) where action = 'duplicate_count';

create view public.duplicate_trends
with (security_invoker = true)
as
with by_match as (
  -- The same duplicate may be found by run after run until its cancellation is known to have worked.
  select
    (log.logged_at at time zone 'utc')::date as date,
    log.match_id,
    greatest(
      max((log.details ->> 'duplicate_count')::integer),
      count(distinct schedule.id)::integer - 1
    ) as duplicates
  from public.scheduler_logs as log
  left join lateral pg_catalog.jsonb_array_elements_text(
    case pg_catalog.jsonb_typeof(log.details -> 'schedule_ids') when 'array' then log.details -> 'schedule_ids' else '[]' end
  ) as schedule (id) on true
  where log.action = 'duplicate_count'
  group by 1, 2
),
by_day as (
  select
    by_match.date,
    sum(by_match.duplicates) as duplicates,
    count(*) as matches,
    (
      pg_catalog.array_agg(
        pg_catalog.jsonb_build_object('match_id', by_match.match_id, 'duplicates', by_match.duplicates)
        order by by_match.duplicates desc, by_match.match_id
      )
    )[1:5] as most_affected
  from by_match
  group by by_match.date
)
select
  by_day.date,
  by_day.duplicates,
  by_day.matches,
  pg_catalog.to_jsonb(by_day.most_affected) as most_affected,
  coalesce(sum(by_day.duplicates) over (
    order by by_day.date range between interval '1 day' preceding and interval '1 day' preceding
  ), 0) as duplicates_the_day_before,
  sum(by_day.duplicates) over (
    order by by_day.date range between interval '6 days' preceding and current row
  ) as duplicates_in_7_days
from by_day;
comment on view public.duplicate_trends is
  'Second schedules of a match found in Braze on each UTC day, the matches most affected, and whether it gets worse.';

create view public.webhook_failure_patterns
with (security_invoker = true)
as
select
  pattern.dimension,
  pattern.value,
  min(pattern.date) as first_date,
  max(pattern.date) as last_date,
  sum(pattern.schedules) as schedules,
  sum(pattern.never_received) as never_received,
  round(sum(pattern.never_received)::numeric / nullif(sum(pattern.schedules), 0), 4) as never_received_share,
  sum(pattern.push_sends) as push_sends,
  round(sum(pattern.delay_ms_sum) / nullif(sum(pattern.push_sends), 0)) as avg_delay_ms,
  max(pattern.delay_ms_max) as max_delay_ms,
  round(sum(pattern.sends_delayed_5min) / nullif(sum(pattern.push_sends), 0), 4) as delayed_5min_share,
  sum(pattern.braze_reported_sends) as braze_reported_sends,
  sum(pattern.braze_reported_sends) - sum(pattern.recorded_of_reported) as missing_sends,
  round(
    (sum(pattern.braze_reported_sends) - sum(pattern.recorded_of_reported))
      / nullif(sum(pattern.braze_reported_sends), 0),
    4
  ) as missing_share
from public.webhook_health_patterns as pattern
group by pattern.dimension, pattern.value;
comment on view public.webhook_failure_patterns is
  'Where webhooks come late or not at all: by hour of day (UTC), platform, campaign and size of match, over all days rolled up. For a window, sum webhook_health_patterns.';

create view public.missing_ids
with (security_invoker = true)
as
select
  count(*) as total_schedules,
  count(ledger.dispatch_id) as with_dispatch_id,
  count(ledger.send_id) as with_send_id,
  count(*) - count(ledger.dispatch_id) as missing_dispatch_id,
  count(*) - count(ledger.send_id) as missing_send_id
from public.schedule_ledger as ledger
where ledger.status = 'pending';
comment on view public.missing_ids is 'How many pending schedules have no dispatch id or send id yet: events without an echo cannot be tied to them by id.';

grant select on public.match_verification, public.duplicate_trends, public.webhook_failure_patterns, public.missing_ids
  to service_role;
