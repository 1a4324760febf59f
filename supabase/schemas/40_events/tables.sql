-- The evidence: each event that Braze reported, and each body that could not be read.
--
-- Events are facts and only ever added; the attribution is derived from them and may change later.

-- Types rather than checks: a check is read anew by each statement that writes.
create type public.time_kind as enum ('send', 'occurrence', 'receipt');
create type public.correlation_method as enum (
  'ledger_id', 'match_id', 'schedule_id', 'dispatch_id', 'send_id', 'time_exact', 'time_window', 'elimination',
  'contradiction', 'tie', 'no_candidate', 'no_evidence', 'unknown_match', 'other_campaign', 'test_send'
);
create type public.confidence as enum ('high', 'medium', 'low', 'none');
create type public.send_timing as enum ('in_window', 'moved_away', 'early', 'late');
create type public.send_proof as enum ('push', 'webhook');

create table public.notification_sends (
  -- What the event says.
  sent_at timestamptz not null,
  event_id text not null,
  event_type text not null,
  channel text not null,
  time_kind public.time_kind not null,
  external_user_id text,
  braze_user_id text,
  device_id text,
  campaign_id text,
  canvas_id text,
  braze_schedule_id text,
  send_id text,
  dispatch_id text,
  echoed_ledger_id text,
  echoed_match_id text,
  echoed_generation text,
  echoed_attempt_id text,
  has_foreign_extras boolean not null default false,
  received_at timestamptz not null,
  raw_payload jsonb not null,
  -- What follows from it, and from what else is known.
  match_id bigint,
  ledger_id uuid,
  generation integer,
  correlation_method public.correlation_method not null,
  confidence public.confidence not null,
  timing public.send_timing,
  proof public.send_proof,
  time_diff_ms bigint,
  candidate_count integer not null default 0,
  candidate_match_ids bigint[],
  primary key (sent_at, event_id),
  constraint attributed_or_none check ((confidence = 'none') = (match_id is null) and (match_id is null) = (ledger_id is null)),
  constraint only_sure_events_prove check (proof is null or confidence in ('high', 'medium'))
) partition by range (sent_at);
comment on table public.notification_sends is
  'One row for each event. Partitions live in the schema private and are made ahead of time by private.ensure_partitions.';
comment on column public.notification_sends.sent_at is
  'Braze''s clock, in whole seconds for Currents, so ties are normal. For a webhook-channel body, which has no time: when it was first received.';
comment on column public.notification_sends.event_type is 'unknown where the event does not state its kind: such an event is never a send.';
comment on column public.notification_sends.time_kind is
  'What sent_at is the time of: send, occurrence (an open, a bounce, an event of unknown kind) or receipt.';
comment on column public.notification_sends.braze_user_id is 'Braze''s own id of the user (user_id in Currents).';
comment on column public.notification_sends.echoed_match_id is
  'What our templates echo of our trigger properties, as text, valid or not. An empty text: our keys came back blank.';
comment on column public.notification_sends.has_foreign_extras is
  'The event has message extras that are cut off, or that hold none of our keys.';
comment on column public.notification_sends.correlation_method is
  'How the event was attributed, or why it was not: contradiction, tie (several equally close), no_candidate, no_evidence, …';
comment on column public.notification_sends.timing is
  'Where the time of an attributed event lies. early, late: outside all times of the match. moved_away: at a time that the schedule had left.';
comment on column public.notification_sends.proof is
  'What the event proves of its generation, or of its match where generation is null. push: a push was sent or opened. webhook: the webhook channel ran.';
comment on column public.notification_sends.candidate_match_ids is
  'The matches it could belong to, where no match has high or medium confidence.';

-- Counts of a match, and its events when its schedules change.
create index notification_sends_ledger_idx on public.notification_sends (ledger_id, sent_at) where ledger_id is not null;
-- Sends outside all times of their match. There should be none.
create index notification_sends_untimely_idx on public.notification_sends (ledger_id) where timing in ('early', 'late');
-- Events to judge again, by the fact that changed. An event with an echo needs none of them.
create index notification_sends_dispatch_idx on public.notification_sends (dispatch_id)
  where dispatch_id is not null
    and correlation_method in ('dispatch_id', 'elimination', 'time_exact', 'time_window', 'tie', 'no_candidate', 'no_evidence');
-- The match's own send id belongs to it by construction.
create index notification_sends_send_idx on public.notification_sends (send_id)
  where send_id is not null and (send_id = 'match-' || match_id::text) is not true
    and correlation_method not in ('other_campaign', 'test_send');
create index notification_sends_schedule_idx on public.notification_sends (braze_schedule_id)
  where braze_schedule_id is not null and correlation_method not in ('other_campaign', 'test_send');
create index notification_sends_unknown_ledger_idx on public.notification_sends (lower(echoed_ledger_id))
  where correlation_method in ('unknown_match', 'contradiction') and echoed_ledger_id is not null;
create index notification_sends_unknown_match_idx on public.notification_sends (echoed_match_id)
  where correlation_method in ('unknown_match', 'contradiction') and echoed_match_id is not null;
create index notification_sends_unknown_send_idx on public.notification_sends (send_id)
  where correlation_method in ('unknown_match', 'contradiction') and send_id is not null;
create index notification_sends_other_campaign_idx on public.notification_sends (campaign_id, sent_at)
  where correlation_method = 'other_campaign' and campaign_id is not null;
create index notification_sends_by_time_idx on public.notification_sends (sent_at, event_id)
  where correlation_method in ('time_exact', 'time_window', 'tie', 'no_candidate');
-- Events arrive in the order of received_at, so this index stays small. A page range that it does not know yet is read whole.
create index notification_sends_received_at_idx on public.notification_sends using brin (received_at) with (autosummarize = on);
-- For the erasure of a person. Few events name a device, or Braze's own id, and no user.
create index notification_sends_user_idx on public.notification_sends (external_user_id);
create index notification_sends_braze_user_idx on public.notification_sends (braze_user_id)
  where external_user_id is null and braze_user_id is not null;
create index notification_sends_device_idx on public.notification_sends (device_id)
  where external_user_id is null and device_id is not null;
-- Our own events without a match, by time, for the page of a match that they may belong to. There should be few.
create index notification_sends_unattributed_idx on public.notification_sends (sent_at)
  where confidence = 'none' and correlation_method not in ('other_campaign', 'test_send');

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
