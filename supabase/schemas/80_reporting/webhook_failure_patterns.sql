-- Where webhooks are late or missing.

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

revoke all on table public.webhook_failure_patterns from public, anon, authenticated, service_role;
grant select on table public.webhook_failure_patterns to service_role;
