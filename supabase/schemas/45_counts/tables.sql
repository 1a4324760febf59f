-- What the events of a match add up to, for each generation.
--
-- It is derived from the events and written apart from them: on the way in, 25,000 events of one match would queue on one
-- row. A match is counted again when events of it have come, and only then, so what reads numbers reads no events. The counts
-- stay when the events are pruned. They hold no ids of users.

create table public.match_counts (
  ledger_id uuid not null references public.schedule_ledger (id),
  generation integer not null,
  users integer not null,
  push_sends integer not null,
  webhook_sends integer not null,
  bounced_users integer not null,
  aborted_users integer not null,
  opened_users integer not null,
  abort_reasons jsonb not null,
  events integer not null,
  low_events integer not null,
  low_push_sends integer not null,
  first_sent_at timestamptz,
  last_sent_at timestamptz,
  first_received_at timestamptz,
  last_received_at timestamptz,
  first_delay_ms bigint,
  delays jsonb not null,
  latenesses jsonb not null,
  platforms jsonb not null,
  counted_at timestamptz not null,
  primary key (ledger_id, generation),
  constraint generation_is_not_negative check (generation >= 0)
);
comment on table public.match_counts is
  'What the events of a ledger row add up to, one row for each generation that has events. All numbers but events and low_* are of events with high or medium confidence.';
comment on column public.match_counts.generation is '0: events that are tied to the match, but to none of its schedules.';
comment on column public.match_counts.users is
  'Users with a push Send event: by external id, else Braze''s user id, else the device. Over all generations: schedule_ledger.actual_send_count.';
comment on column public.match_counts.push_sends is 'Push Send events, one for each device.';
comment on column public.match_counts.abort_reasons is 'Users by Braze''s abort_type, such as {"frequency_capped": 12}; "unknown" where it gives none.';
comment on column public.match_counts.events is 'All events, of any kind and confidence.';
comment on column public.match_counts.low_push_sends is 'Push Send events tied to the match with low confidence: in no other number but events and low_events.';
comment on column public.match_counts.first_sent_at is 'Of the push Send events with a time of sending; last_sent_at too.';
comment on column public.match_counts.first_received_at is 'When its first Send event arrived, on any channel.';
comment on column public.match_counts.last_received_at is 'When its last event arrived, of any kind.';
comment on column public.match_counts.first_delay_ms is
  'received_at - sent_at of the first push Send event that arrived; of several in one request the longest.';
comment on column public.match_counts.delays is
  'How many push Send events arrived so many ms after they were sent, as {ms: events}; ms are rounded to three digits.';
comment on column public.match_counts.latenesses is
  'How many push Send events were sent so many ms after the scheduled time, in the same form.';
comment on column public.match_counts.platforms is
  'Push Send events by platform: {platform: {push_sends, delayed_5min, delay_ms_sum, delay_ms_max}}.';

alter table public.match_counts enable row level security;
revoke all on table public.match_counts from public, anon, authenticated, service_role;
grant select, insert, update, delete on table public.match_counts to service_role;

create table private.recounts (
  ledger_id uuid primary key references public.schedule_ledger (id),
  marked_at timestamptz not null
);
comment on table private.recounts is
  'Ledger rows to count again: events of them have come or were judged anew. A row goes when its count begins.';

alter table private.recounts enable row level security;
revoke all on table private.recounts from public, anon, authenticated, service_role;
grant select, insert, update, delete on table private.recounts to service_role;

create table private.recount_progress (
  only_row boolean primary key default true,
  marked_until timestamptz not null,
  constraint there_is_one_row check (only_row)
);
comment on table private.recount_progress is
  'Events received before marked_until have marked their matches in private.recounts. No row: nothing was counted yet.';

alter table private.recount_progress enable row level security;
revoke all on table private.recount_progress from public, anon, authenticated, service_role;
grant select, insert, update on table private.recount_progress to service_role;
