-- The evidence: each event that Braze reported, and each body that could not be read.
--
-- Events are facts and only ever added; the attribution is derived from them and may change later.

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
    'tie', 'no_candidate', 'no_evidence', 'unknown_match', 'other_campaign', 'test_send'
  ))
) partition by range (sent_at);
comment on table public.notification_sends is
  'One row for each event. Partitions live in the schema private and are made ahead of time by private.ensure_partitions.';
comment on column public.notification_sends.sent_at is
  'Braze''s clock, in whole seconds for Currents, so ties are normal. For a webhook-channel body, which has no time: when it was first received.';
comment on column public.notification_sends.time_is_send_time is
  'False where sent_at is the time of receipt or of an opening: such a time is no evidence.';
comment on column public.notification_sends.correlation_method is
  'How the event was attributed, or why it was not: tie (several equally close), no_candidate, no_evidence, …';
comment on column public.notification_sends.candidate_match_ids is
  'The matches it could belong to, where no match has high or medium confidence.';

-- Counts of a match, and events attributed by an identifier that became ambiguous.
create index notification_sends_ledger_idx on public.notification_sends (ledger_id, sent_at) where ledger_id is not null;
-- Events that a newly known identifier may attribute.
create index notification_sends_open_dispatch_idx on public.notification_sends (dispatch_id)
  where confidence <> 'high' and dispatch_id is not null;
create index notification_sends_open_send_idx on public.notification_sends (send_id)
  where confidence <> 'high' and send_id is not null;
create index notification_sends_open_schedule_idx on public.notification_sends (braze_schedule_id)
  where confidence <> 'high' and braze_schedule_id is not null;
create index notification_sends_open_idx on public.notification_sends (sent_at, event_id)
  where confidence in ('none', 'low');
-- Events arrive in the order of received_at, so this index over recent events stays small.
create index notification_sends_received_at_idx on public.notification_sends using brin (received_at);
-- For the erasure of a person. Few events name a device and no user.
create index notification_sends_user_idx on public.notification_sends (external_user_id);
create index notification_sends_device_idx on public.notification_sends (device_id)
  where external_user_id is null and device_id is not null;
-- Unattributed events by time, for the page of a match that they may belong to. There should be few.
create index notification_sends_unattributed_idx on public.notification_sends (sent_at) where confidence = 'none';

alter table public.notification_sends enable row level security;
revoke all on table public.notification_sends from public, anon, authenticated, service_role;
grant select, insert, update on table public.notification_sends to service_role;

create table public.event_claims (
  event_id text primary key,
  sent_at timestamptz not null,
  claimed_at timestamptz not null
);
comment on table public.event_claims is
  'The first time at which an event without a time of its own was seen, so that its retries meet it. Kept for 3 days.';

create index event_claims_claimed_at_idx on public.event_claims (claimed_at);

alter table public.event_claims enable row level security;
revoke all on table public.event_claims from public, anon, authenticated, service_role;
grant select, insert, update on table public.event_claims to service_role;

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
  'Bodies and events that could not be read, byte for byte, for a later replay. Keyed by content: retries add no row.';
comment on column public.webhook_rejects.body is 'bytea and not jsonb: jsonb refuses NUL and broken surrogates.';

create index webhook_rejects_last_received_idx on public.webhook_rejects (last_received_at);

alter table public.webhook_rejects enable row level security;
revoke all on table public.webhook_rejects from public, anon, authenticated, service_role;
grant select, insert, update on table public.webhook_rejects to service_role;

-- A duplicate leaves no row of its own, so it is counted when it arrives. One row per day would be locked by every request
-- in turn; the id of the request spreads them over sixteen.
create table public.webhook_daily_counts (
  date date not null,
  shard smallint not null,
  received bigint not null,
  duplicates bigint not null,
  rejected bigint not null,
  primary key (date, shard),
  constraint shard_is_one_of_sixteen check (shard between 0 and 15)
)
-- Free space in the page, so that updates stay on it (HOT).
with (fillfactor = 50);
comment on table public.webhook_daily_counts is
  'Events received on each UTC day, with duplicates and rejects. Sum over shard.';
comment on column public.webhook_daily_counts.date is 'The day of receipt, not of the event.';
comment on column public.webhook_daily_counts.shard is 'Requests of one moment write to different rows; means nothing.';

alter table public.webhook_daily_counts enable row level security;
revoke all on table public.webhook_daily_counts from public, anon, authenticated, service_role;
grant select, insert, update on table public.webhook_daily_counts to service_role;

create table private.event_partitions (
  starts_at timestamptz primary key,
  ends_at timestamptz not null,
  partition_name text not null unique,
  constraint partition_ends_after_it_starts check (ends_at > starts_at)
);
comment on table private.event_partitions is
  'The partitions of notification_sends that exist. Events outside all of them go to webhook_rejects.';

alter table private.event_partitions enable row level security;
revoke all on table private.event_partitions from public, anon, authenticated, service_role;
grant select on table private.event_partitions to service_role;
