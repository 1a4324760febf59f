-- Alerts for a person to look at, their delivery, and how often each timed function is expected to succeed.
--
-- A message is claimed before it is sent and recorded after it. A crash in between leaves a claim that expires, so a message
-- may be sent twice and is never lost.

create table public.alerts (
  id bigint generated always as identity primary key,
  fingerprint text not null,
  rule text not null,
  kind text not null,
  severity text not null,
  audience text not null,
  title text not null,
  details jsonb not null default '{}',
  match_id bigint,
  first_seen_at timestamptz not null,
  last_seen_at timestamptz not null,
  occurrences integer not null default 1,
  resolved_at timestamptz,
  resolved_as text,
  delivered_at timestamptz,
  delivered_as text,
  delivered_severity text,
  resolution_delivered_at timestamptz,
  told_as_changing boolean not null default false,
  delivery_kind text,
  delivery_attempts integer not null default 0,
  delivery_error text,
  next_delivery_at timestamptz,
  delivery_claim uuid,
  delivery_claimed_until timestamptz,
  constraint kind_is_known check (kind in ('condition', 'harm')),
  constraint severity_is_known check (severity in ('info', 'warning', 'critical')),
  constraint audience_is_known check (audience in ('admin', 'engineering')),
  constraint occurrences_start_at_one check (occurrences >= 1),
  constraint resolved_as_is_known check (resolved_as in ('time_passed', 'person')),
  constraint only_resolved_says_how check (resolved_as is null or resolved_at is not null),
  constraint delivered_as_is_known check (delivered_as in ('webhook', 'log')),
  constraint delivered_says_how check (
    (delivered_at is null) = (delivered_as is null) and (delivered_at is null) = (delivered_severity is null)
  ),
  constraint delivery_kind_is_known check (
    delivery_kind in ('raised', 'escalated', 'changing', 'resolved', 'over', 'closed')
  ),
  constraint delivery_attempts_are_not_negative check (delivery_attempts >= 0),
  constraint a_claim_runs_out check ((delivery_claim is null) = (delivery_claimed_until is null))
);
comment on table public.alerts is
  'What a person should look at. One open row for each fingerprint; seeing it again counts up.';
comment on column public.alerts.kind is
  'condition: it resolves when its cause is gone. harm: something has ended badly; it stays open until a person closes it.';
comment on column public.alerts.resolved_as is
  'time_passed: nothing corrected it, and there is nothing left to correct. person: a person closed it. Null: its cause is gone.';
comment on column public.alerts.delivered_at is 'When its opening, or its last escalation, was sent.';
comment on column public.alerts.delivered_as is 'webhook, or log where no webhook was configured.';
comment on column public.alerts.delivered_severity is 'The severity last sent: when it rises above this, a notice is sent again.';
comment on column public.alerts.resolution_delivered_at is 'When its resolution was sent.';
comment on column public.alerts.told_as_changing is
  'The last message said that this alert keeps changing: the next one follows when it has rested for an hour.';
comment on column public.alerts.delivery_kind is 'What delivery_attempts and delivery_error are about.';
comment on column public.alerts.delivery_attempts is 'How often in a row this message was refused; 0 once it is sent.';
comment on column public.alerts.next_delivery_at is 'Not before: back-off, or what the webhook asked for by Retry-After.';

create unique index one_open_alert_a_fingerprint_idx on public.alerts (fingerprint) where resolved_at is null;
create index alerts_match_id_idx on public.alerts (match_id) where match_id is not null;
-- Closed alerts are looked up too.
create index alerts_fingerprint_idx on public.alerts (fingerprint);
-- Each run reads the undelivered alerts. An alert that resolved before its first message needs none.
create index alerts_undelivered_idx on public.alerts (first_seen_at)
  where resolved_at is null or (delivered_at is not null and resolution_delivered_at is null);
create index alerts_claimed_idx on public.alerts (delivery_claimed_until) where delivery_claimed_until is not null;

alter table public.alerts enable row level security;
revoke all on table public.alerts from public, anon, authenticated, service_role;
grant select, insert, update on table public.alerts to service_role;
revoke all on sequence public.alerts_id_seq from public, anon, authenticated, service_role;

create table private.job_periods (
  function_name text primary key,
  schedule text not null,
  period interval not null,
  watched_since timestamptz not null default now(),
  constraint period_is_positive check (period > interval '0')
);
comment on table private.job_periods is
  'When each timed function runs, and how often it succeeds when all is well. Delete a row to stop watching a function that is not in use.';
comment on column private.job_periods.schedule is
  'The schedule that pg_cron got with the migration. cron.job holds the one in use.';
comment on column private.job_periods.watched_since is
  'A function that was never called counts from here: a fresh install is not an outage.';

alter table private.job_periods enable row level security;
revoke all on table private.job_periods from public, anon, authenticated, service_role;
grant select on table private.job_periods to service_role;

insert into private.job_periods (function_name, schedule, period)
values
  -- A minute before each full five minutes: a run that begins 16 minutes before a send has a minute to work before the
  -- freeze window of 15 minutes. And not in the minute of pre-flight.
  ('braze-scheduler', '4-59/5 * * * *', '5 minutes'),
  ('braze-preflight-check', '*/5 * * * *', '5 minutes'),
  ('braze-reconcile', '10,40 * * * *', '30 minutes'),
  ('braze-count-audit', '20 * * * *', '60 minutes'),
  ('webhook-health-rollup', '35 3 * * *', '1440 minutes');
