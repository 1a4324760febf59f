-- How well Braze reports what it sends, by UTC day.
--
-- Both tables are derived and can be made again for any day. Figures that need something to count are null where there is
-- nothing: 0 ms of delay would look good.

create table public.webhook_health_metrics (
  id uuid primary key default gen_random_uuid(),
  date date not null,
  total_schedules_sent integer not null,
  webhooks_received integer not null,
  webhooks_delayed_5min integer not null,
  webhooks_delayed_10min integer not null,
  webhooks_never_received integer not null,
  avg_webhook_delay_ms bigint,
  p50_webhook_delay_ms bigint,
  p95_webhook_delay_ms bigint,
  p99_webhook_delay_ms bigint,
  avg_send_lateness_ms bigint,
  p50_send_lateness_ms bigint,
  p95_send_lateness_ms bigint,
  p99_send_lateness_ms bigint,
  events bigint not null,
  push_sends bigint not null,
  duplicates bigint not null,
  rejects bigint not null,
  low_confidence_share numeric(5, 4),
  unattributed bigint not null,
  braze_reported_sends bigint,
  delta bigint,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  constraint a_date_has_one_row unique (date),
  constraint every_schedule_is_received_or_not check (
    total_schedules_sent = webhooks_received + webhooks_never_received
  )
);
comment on table public.webhook_health_metrics is
  'One row for each UTC date: of the schedules due then, how many events arrived, how late, and with what confidence.';
comment on column public.webhook_health_metrics.total_schedules_sent is
  'Schedules due on that date and not cancelled, pending ones included: counting only sent ones would hide missing events.';
comment on column public.webhook_health_metrics.webhooks_received is
  'Of these, schedules with at least one event of high or medium confidence.';
comment on column public.webhook_health_metrics.webhooks_delayed_5min is
  'Of these, schedules whose first Send event came more than 5 minutes after Braze sent it (for the webhook channel, which has no send time: after the scheduled time).';
comment on column public.webhook_health_metrics.avg_webhook_delay_ms is
  'received_at - sent_at over the push Send events of these schedules; null where there are none. The percentiles are exact to three digits.';
comment on column public.webhook_health_metrics.avg_send_lateness_ms is
  'sent_at - send_at_utc over the same events: the lateness of the send, not of the webhook.';
comment on column public.webhook_health_metrics.events is 'Events of the schedules due, and those without a match of that date that may be ours.';
comment on column public.webhook_health_metrics.push_sends is 'Push Send events of the schedules due, one for each device.';
comment on column public.webhook_health_metrics.duplicates is 'Events received on that date that had come before.';
comment on column public.webhook_health_metrics.rejects is 'What was received on that date and not understood.';
comment on column public.webhook_health_metrics.low_confidence_share is
  'Of the events that may be ours (no test sends, no other campaigns), the share attributed with low confidence.';
comment on column public.webhook_health_metrics.unattributed is 'Events that may be ours and could not be tied to a match.';
comment on column public.webhook_health_metrics.braze_reported_sends is
  'Braze''s own count for the schedules due that have one, summed by send id, since its days are not UTC days.';
comment on column public.webhook_health_metrics.delta is
  'braze_reported_sends less the push Send events held of the same schedules: above 0, webhooks are missing.';

alter table public.webhook_health_metrics enable row level security;
revoke all on table public.webhook_health_metrics from public, anon, authenticated, service_role;
grant select, insert, update on table public.webhook_health_metrics to service_role;

create table public.webhook_health_patterns (
  date date not null,
  dimension text not null,
  value text not null,
  schedules integer not null,
  never_received integer,
  push_sends bigint not null,
  sends_delayed_5min bigint not null,
  delay_ms_sum bigint not null,
  delay_ms_max bigint,
  braze_reported_sends bigint,
  recorded_of_reported bigint,
  primary key (date, dimension, value),
  constraint dimension_is_known check (dimension in ('hour_of_day', 'platform', 'campaign', 'match_size'))
);
comment on table public.webhook_health_patterns is
  'The same days by hour (UTC), platform, campaign and size of match, as sums that can be added up over days.';
comment on column public.webhook_health_patterns.never_received is
  'null by platform: a missing event has no platform.';
comment on column public.webhook_health_patterns.recorded_of_reported is
  'Push Send events held of the schedules that braze_reported_sends counts.';

alter table public.webhook_health_patterns enable row level security;
revoke all on table public.webhook_health_patterns from public, anon, authenticated, service_role;
grant select, insert, delete on table public.webhook_health_patterns to service_role;
