-- What one look at Braze every five minutes has shown: its list of schedules, its campaigns, and whether it answers.

create table public.braze_observations (
  id bigint generated always as identity primary key,
  run_id uuid not null,
  campaign_id text not null,
  began_at timestamptz not null,
  covers_until timestamptz not null,
  listing_mode text not null,
  listed integer,
  listing_detail text,
  listed_next_send timestamptz,
  expected_next_send timestamptz,
  next_send_agrees boolean,
  agreed_next_send timestamptz,
  next_send_is_trusted boolean not null default false,
  unmanaged_send_expected boolean not null default false,
  campaign_state text not null,
  campaign_detail text,
  send_gate text,
  constraint a_run_observes_a_campaign_once unique (run_id, campaign_id),
  constraint listing_mode_is_known check (listing_mode in ('per_schedule', 'per_campaign', 'empty', 'unavailable')),
  constraint only_a_list_that_was_read_is_counted check ((listing_mode = 'unavailable') = (listed is null)),
  constraint campaign_state_is_known check (campaign_state in ('running', 'stopped', 'archived', 'draft', 'unknown')),
  constraint send_gate_is_known check (send_gate in ('fail_closed', 'fail_open', 'none')),
  constraint an_agreement_compares_two_times check (
    next_send_agrees is null or (listed_next_send is not null and expected_next_send is not null)
  )
);
comment on table public.braze_observations is
  'One row for each look at Braze and campaign. Transitions (running to stopped, showing to empty) show between rows.';
comment on column public.braze_observations.began_at is
  'Before the first call: what changed later may be missing from the list.';
comment on column public.braze_observations.covers_until is 'The latest send time that the list covers.';
comment on column public.braze_observations.listed is 'Number of entries of this campaign; null where the list could not be read.';
comment on column public.braze_observations.listed_next_send is
  'The earliest next_send_time of the campaign, where the list names campaigns and not schedules. null also where it has no zone.';
comment on column public.braze_observations.expected_next_send is
  'The earliest minute at which a confirmed schedule is pending that the list must know. null where none is, or an unknown change comes before it.';
comment on column public.braze_observations.next_send_agrees is
  'Whether both are the same minute. It says nothing about a single match of that minute. null where there is nothing to compare.';
comment on column public.braze_observations.agreed_next_send is
  'The first minute at which both agreed since the list was last distrusted.';
comment on column public.braze_observations.next_send_is_trusted is
  'Both agreed at two different minutes, and nothing has contradicted that since: only then does a difference raise an alert.';
comment on column public.braze_observations.unmanaged_send_expected is
  'A trusted list names a minute at which no schedule of ours was ever planned.';
comment on column public.braze_observations.send_gate is
  'What the templates of all messages of the campaign do without an answer of the send gate. none: at least one message does not ask. null: unknown.';

create index braze_observations_campaign_idx on public.braze_observations (campaign_id, began_at);
create index braze_observations_began_at_idx on public.braze_observations (began_at);

alter table public.braze_observations enable row level security;
revoke all on table public.braze_observations from public, anon, authenticated, service_role;
grant select, insert on table public.braze_observations to service_role;
revoke all on sequence public.braze_observations_id_seq from public, anon, authenticated, service_role;

create table private.listed_schedules (
  id bigint generated always as identity primary key,
  campaign_id text not null,
  braze_schedule_id text not null,
  send_at_utc timestamptz,
  trigger_properties jsonb,
  dispatch_id text,
  send_id text,
  shown_from timestamptz not null,
  shown_until timestamptz
);
comment on table private.listed_schedules is
  'The entries of lists that show schedules one by one. An entry is stored once for as long as it stays the same.';
comment on column private.listed_schedules.shown_until is
  'The first list that did not show it any more, or not so. null: the last list showed it.';

create unique index one_current_entry_a_schedule_idx on private.listed_schedules (campaign_id, braze_schedule_id)
  where shown_until is null;
create index listed_schedules_shown_until_idx on private.listed_schedules (shown_until) where shown_until is not null;

alter table private.listed_schedules enable row level security;
revoke all on table private.listed_schedules from public, anon, authenticated, service_role;
grant select, insert, update on table private.listed_schedules to service_role;
revoke all on sequence private.listed_schedules_id_seq from public, anon, authenticated, service_role;

create table private.braze_answers (
  function_name text not null,
  operation text not null,
  permission text not null,
  answered_at timestamptz,
  refused_at timestamptz,
  refused_status integer,
  ill_since timestamptz,
  ill_runs integer not null default 0,
  ill_reason text,
  detail text,
  updated_at timestamptz not null,
  primary key (function_name, operation),
  constraint ill_runs_are_counted check ((ill_runs > 0) = (ill_since is not null)),
  constraint a_refusal_has_its_status check ((refused_at is null) = (refused_status is null))
);
comment on table private.braze_answers is
  'How Braze answered the last call of each operation in the last run of each function that made one.';
comment on column private.braze_answers.permission is 'The permission of Braze''s REST key that the operation needs.';
comment on column private.braze_answers.refused_at is 'When it was answered with 401 or 403; null since another answer.';
comment on column private.braze_answers.ill_runs is
  'In how many runs in a row the last call got 429, 5xx or no answer, so that the run had to leave work to the next one.';

alter table private.braze_answers enable row level security;
revoke all on table private.braze_answers from public, anon, authenticated, service_role;
grant select, insert, update on table private.braze_answers to service_role;
