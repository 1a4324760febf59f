-- Create the evidence: every event that Braze told us of, and what could not be understood.
--
-- Events are facts and only ever added; what is derived from them (the attribution) may be settled later.

create table public.notification_sends (
  sent_at timestamptz not null,
  event_id text not null,
  event_type text not null,
  channel text not null,
  external_user_id text,
  device_id text,
  match_id bigint,
  ledger_id uuid,
  generation integer,
  braze_schedule_id text,
  campaign_id text,
  dispatch_id text,
  send_id text,
  received_at timestamptz not null,
  time_is_send_time boolean not null,
  correlation_method text not null,
  confidence text not null,
  time_diff_ms bigint,
  candidate_count integer not null default 0,
  candidate_match_ids bigint[],
  raw_payload jsonb not null,
  primary key (sent_at, event_id),
  constraint confidence_is_known check (confidence in ('high', 'medium', 'low', 'none')),
  constraint attributed_or_none check ((confidence = 'none') = (match_id is null) and (match_id is null) = (ledger_id is null)),
  constraint method_is_known check (correlation_method in (
    'ledger_id', 'match_id', 'schedule_id', 'dispatch_id', 'send_id', 'time_exact', 'time_window', 'elimination',
    'tie', 'no_candidate', 'no_evidence', 'other_campaign', 'test_send'
  ))
) partition by range (sent_at);
comment on table public.notification_sends is
  'One row for each event. Partitions live in the schema private and are made ahead of time by private.ensure_partitions.';
comment on column public.notification_sends.sent_at is
  'Braze''s clock, in whole seconds for Currents, so ties are normal. A webhook-channel body has no time: then when it first reached us.';
comment on column public.notification_sends.time_is_send_time is
  'False where sent_at says when the event reached us, or when a push was opened: such a time is no evidence.';
comment on column public.notification_sends.correlation_method is
  'How the event was tied to its match, or why it was not: tie (several equally close), no_candidate, no_evidence, …';
comment on column public.notification_sends.candidate_match_ids is
  'The matches it could belong to, where that is not settled with high or medium confidence.';

-- Counts of a match; and what an identifier that turned ambiguous had settled.
create index notification_sends_ledger_idx on public.notification_sends (ledger_id, sent_at) where ledger_id is not null;
-- What an identifier that becomes known can still settle.
create index notification_sends_open_dispatch_idx on public.notification_sends (dispatch_id)
  where confidence <> 'high' and dispatch_id is not null;
create index notification_sends_open_send_idx on public.notification_sends (send_id)
  where confidence <> 'high' and send_id is not null;
create index notification_sends_open_schedule_idx on public.notification_sends (braze_schedule_id)
  where confidence <> 'high' and braze_schedule_id is not null;

create table public.event_claims (
  event_id text primary key,
  sent_at timestamptz not null,
  claimed_at timestamptz not null
);
comment on table public.event_claims is
  'The first time at which an event without a time of its own was seen, so that its retries meet it. Kept for 3 days.';
create index event_claims_claimed_at_idx on public.event_claims (claimed_at);

create table public.webhook_rejects (
  digest bytea primary key,
  body bytea not null,
  reason text not null,
  content_type text,
  first_received_at timestamptz not null,
  last_received_at timestamptz not null,
  occurrences integer not null default 1,
  replayed_at timestamptz
);
comment on table public.webhook_rejects is
  'What could not be understood, whole and as it came, so that it can be replayed. Keyed by content: retries add nothing.';
comment on column public.webhook_rejects.body is 'bytea and not jsonb: jsonb refuses NUL and broken surrogates.';
create index webhook_rejects_last_received_idx on public.webhook_rejects (last_received_at);

create table private.event_partitions (
  starts_at timestamptz primary key,
  ends_at timestamptz not null,
  partition_name text not null unique,
  constraint partition_ends_after_it_starts check (ends_at > starts_at)
);
comment on table private.event_partitions is
  'The partitions of notification_sends that exist. Events outside all of them go to webhook_rejects.';

create table private.settings (
  only_row boolean primary key default true,
  partition_by text not null default 'month',
  partitions_ahead integer not null default 3,
  partitions_behind integer not null default 1,
  event_claims_kept interval not null default '3 days',
  constraint there_is_one_row check (only_row),
  constraint partition_by_is_known check (partition_by in ('day', 'month')),
  constraint partitions_ahead_is_positive check (partitions_ahead >= 1),
  constraint partitions_behind_is_not_negative check (partitions_behind >= 0)
);
comment on table private.settings is 'Settings that SQL needs; the functions have theirs in the environment.';
insert into private.settings default values;

alter table public.notification_sends enable row level security;
alter table public.event_claims enable row level security;
alter table public.webhook_rejects enable row level security;
alter table private.event_partitions enable row level security;
alter table private.settings enable row level security;
grant select, insert, update on public.notification_sends, public.webhook_rejects to service_role;
grant select, insert, update on public.event_claims to service_role;
grant select on private.event_partitions, private.settings to service_role;
