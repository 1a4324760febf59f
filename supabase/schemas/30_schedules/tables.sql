-- The ledger (what is wanted), its generations (what Braze was asked for), the journal (each call), the identifiers that
-- Braze gave, and what people did by hand.

create type public.schedule_status as enum ('pending', 'sent', 'cancelled');

create table public.schedule_ledger (
  id uuid primary key default gen_random_uuid(),
  match_id bigint not null references public.matches (id),
  intent integer not null default 1,
  replaced_at timestamptz,
  campaign_id text not null,
  generation integer not null,
  braze_schedule_id text,
  dispatch_id text,
  send_id text,
  signature text not null,
  send_at_utc timestamptz not null,
  status public.schedule_status not null default 'pending',
  cancel_reason text,
  cancel_reason_before_proof text,
  notes text,
  expected_send_count integer,
  expected_send_count_min integer,
  expected_send_count_max integer,
  expected_source text,
  actual_send_count integer,
  double_push_users integer,
  counted_at timestamptz,
  send_count_delta integer generated always as (actual_send_count - expected_send_count) stored,
  braze_reported_count integer,
  statistics_at timestamptz,
  preflight_at timestamptz,
  preflight_result text,
  made_for jsonb,
  sent_confirmed_at timestamptz,
  sent_evidence text,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  constraint an_intent_has_one_ledger_row unique (match_id, intent),
  constraint intent_starts_at_one check (intent >= 1),
  constraint generation_starts_at_one check (generation >= 1),
  constraint cancel_reason_is_known check (cancel_reason in ('plan', 'dashboard', 'operator')),
  constraint cancel_reason_only_when_cancelled check ((status = 'cancelled') = (cancel_reason is not null)),
  constraint sent_has_its_evidence check (
    (status = 'sent') = (sent_evidence is not null) and (status = 'sent') = (sent_confirmed_at is not null)
  ),
  constraint sent_evidence_is_known check (sent_evidence in ('push', 'webhook', 'statistics', 'operator')),
  constraint expected_bounds_are_in_order check (expected_send_count_min <= expected_send_count_max),
  constraint preflight_result_is_known check (
    preflight_result in ('ok', 'not_contradicted', 'absent', 'unknown', 'campaign_stopped', 'changed', 'no_schedule_id')
  ),
  constraint preflight_result_has_its_time check ((preflight_result is null) = (preflight_at is null))
);
comment on table public.schedule_ledger is
  'The intent: one row for each match we want to push, and one for each time it is to be pushed again. What Braze was asked for is in braze_schedules.';
comment on column public.schedule_ledger.intent is
  'Counts the intents of a match: 2 when a person had it pushed again. It is part of the send id.';
comment on column public.schedule_ledger.replaced_at is
  'When a person had the match pushed again: another row is its current intent. This one keeps its push and its counts.';
comment on column public.schedule_ledger.generation is
  'The schedule that counts and that the send gate lets pass: the newest whose create succeeded, or the newest if none did. Numbers are given out before the call, so that a lost create is distinct from its successor.';
comment on column public.schedule_ledger.signature is
  'SHA-256 over everything that a Braze update cannot change: campaign, broadcast, audience, trigger properties.';
comment on column public.schedule_ledger.cancel_reason is 'Only "plan" is ever taken back by the scheduler itself.';
comment on column public.schedule_ledger.cancel_reason_before_proof is
  'Why the row was cancelled when an event proved that it was sent: restored when no event proves it any more.';
comment on column public.schedule_ledger.expected_send_count is
  'Users, from teams.audience_size; the bounds allow for the unknown number of users who follow both teams.';
comment on column public.schedule_ledger.actual_send_count is
  'Users with a push Send event, over all generations; null until it is counted.';
comment on column public.schedule_ledger.double_push_users is
  'Users who got more than one push of it; null until it is counted.';
comment on column public.schedule_ledger.counted_at is 'When its events were last counted: match_counts has the numbers.';
comment on column public.schedule_ledger.statistics_at is
  'When Braze was last asked for the statistics of its send id: the next run begins with those that waited longest.';
comment on column public.schedule_ledger.sent_evidence is
  'push: a push Send or Open reached us. webhook: the webhook channel of the campaign ran, which does not prove a push.';
comment on column public.schedule_ledger.preflight_result is
  'The worst that the last check before the send found. Only "absent" cancels; unknown: nothing could be proved.';

comment on column public.schedule_ledger.made_for is
  'Competition, teams and their attribute values when the present generation was made: an id that the feed gave to another match shows by them. A trigger writes it.';

create unique index a_match_has_one_current_intent_idx on public.schedule_ledger (match_id) where replaced_at is null;
-- Pre-flight, audit and scheduler read the rows that are still to be sent.
create index schedule_ledger_pending_idx on public.schedule_ledger (send_at_utc) where status = 'pending';
-- The rollup reads all schedules that were due on a day.
create index schedule_ledger_send_at_idx on public.schedule_ledger (send_at_utc);

alter table public.schedule_ledger enable row level security;
revoke all on table public.schedule_ledger from public, anon, authenticated, service_role;
grant select, insert, update on table public.schedule_ledger to service_role;

create table public.braze_schedules (
  ledger_id uuid not null references public.schedule_ledger (id),
  generation integer not null,
  campaign_id text not null,
  braze_schedule_id text,
  send_at_utc timestamptz not null,
  moving_to_utc timestamptz,
  state text not null,
  state_before_proof text,
  signature text,
  expected jsonb,
  gated boolean not null default false,
  deleted_at timestamptz,
  shut_out_at timestamptz,
  settled_at timestamptz,
  listed_at timestamptz,
  missed_at timestamptz,
  absent_at timestamptz,
  doubt text,
  doubted_at timestamptz,
  first_event_at timestamptz,
  adopted_at timestamptz,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (ledger_id, generation),
  constraint state_is_known check (
    state in ('creating', 'live', 'unknown', 'failed', 'deleting', 'deleted', 'completed')
  ),
  constraint deleting_has_a_schedule_id check (state <> 'deleting' or braze_schedule_id is not null),
  constraint doubt_is_known check (
    doubt in ('campaign_restarted', 'list_empty', 'next_send_later', 'missing_with_many')
  ),
  constraint doubt_has_its_time check ((doubt is null) = (doubted_at is null))
);
comment on table public.braze_schedules is
  'One row for each schedule that we ever asked Braze for. Deleted and unknown ones stay: they may still send.';
comment on column public.braze_schedules.moving_to_utc is
  'Set while an update is under way or its outcome is unknown: the send may happen at either time.';
comment on column public.braze_schedules.state_before_proof is
  'The state that it would have without the events that prove its send: restored when no event proves it any more.';
comment on column public.braze_schedules.signature is 'What it was created with; the ledger row has the one of the current schedule.';
comment on column public.braze_schedules.expected is 'The users that it was created for: {count, min, max, source}.';
comment on column public.braze_schedules.gated is 'Its push presents a token to the send gate, so the gate can shut it out.';
comment on column public.braze_schedules.deleted_at is 'Since when it counts as deleted; null again when a list or a person brings it back.';
comment on column public.braze_schedules.shut_out_at is
  'From when on the send gate surely shuts it out: a newer create has succeeded, and every message of the campaign fails closed.';
comment on column public.braze_schedules.settled_at is
  'When a person took it on himself that it is not sent any more: another may be made.';
comment on column public.braze_schedules.listed_at is 'When a per-schedule listing last showed it.';
comment on column public.braze_schedules.first_event_at is 'When the first event that proves that it went out was stored.';
comment on column public.braze_schedules.adopted_at is
  'When a person made it the schedule of its match: the suite did not create it. null for all others.';
comment on column public.braze_schedules.missed_at is
  'When a per-schedule listing first lacked it after the last one that showed it.';
comment on column public.braze_schedules.absent_at is
  'When listings had lacked it for long enough to call it absent. null again when one shows it: then the verdict is taken back.';
comment on column public.braze_schedules.doubt is
  'Why Braze may have lost it, although nothing proves that it is absent.';

-- Attribution reads the schedules that were due around the time of an event.
create index braze_schedules_send_at_idx on public.braze_schedules (send_at_utc);
create index braze_schedules_moving_to_idx on public.braze_schedules (moving_to_utc) where moving_to_utc is not null;
create unique index braze_schedules_schedule_id_idx on public.braze_schedules (braze_schedule_id);
-- Whether a campaign is one of ours.
create index braze_schedules_campaign_idx on public.braze_schedules (campaign_id);

alter table public.braze_schedules enable row level security;
revoke all on table public.braze_schedules from public, anon, authenticated, service_role;
grant select, insert, update on table public.braze_schedules to service_role;

create table private.schedule_times (
  ledger_id uuid not null,
  generation integer not null,
  send_at_utc timestamptz not null,
  left_at timestamptz,
  primary key (ledger_id, generation, send_at_utc),
  foreign key (ledger_id, generation) references public.braze_schedules (ledger_id, generation)
);
comment on table private.schedule_times is
  'Every time at which a schedule was, is or may be planned to be sent, also one that a failed move asked for. A trigger on braze_schedules writes it.';
comment on column private.schedule_times.left_at is
  'When it stopped to be a time of the schedule. null: it is one now.';

-- Attribution reads the schedules that were ever due around the time of an event.
create index schedule_times_send_at_idx on private.schedule_times (send_at_utc);

alter table private.schedule_times enable row level security;
revoke all on table private.schedule_times from public, anon, authenticated, service_role;
grant select, insert, update on table private.schedule_times to service_role;

create table private.schedule_holds (
  ledger_id uuid not null,
  generation integer not null,
  users integer not null,
  held_at timestamptz not null,
  released_at timestamptz,
  primary key (ledger_id, generation),
  foreign key (ledger_id, generation) references public.braze_schedules (ledger_id, generation)
);
comment on table private.schedule_holds is
  'Matches whose current schedule must not be sent, since another schedule of theirs was seen going out, until a person releases them.';
comment on column private.schedule_holds.generation is 'The schedule that was seen going out.';
comment on column private.schedule_holds.users is 'How many users it had reached by then.';

alter table private.schedule_holds enable row level security;
revoke all on table private.schedule_holds from public, anon, authenticated, service_role;
grant select, insert, update on table private.schedule_holds to service_role;

create table private.unmanaged_schedules (
  braze_schedule_id text primary key,
  campaign_id text not null,
  send_at_utc timestamptz not null,
  first_seen_at timestamptz not null,
  last_seen_at timestamptz not null,
  kept_at timestamptz,
  double_push_accepted boolean not null default false
);
comment on table private.unmanaged_schedules is
  'Schedules that Braze lists and that are not ours: an event near one of them may be its own.';
comment on column private.unmanaged_schedules.kept_at is 'When a person said that it is to stay as it is.';
comment on column private.unmanaged_schedules.double_push_accepted is
  'Kept although users get the suite''s push of the match as well. Otherwise it is told again once the suite has a schedule of the match.';

create index unmanaged_schedules_send_at_idx on private.unmanaged_schedules (send_at_utc);

alter table private.unmanaged_schedules enable row level security;
revoke all on table private.unmanaged_schedules from public, anon, authenticated, service_role;
grant select, insert, update on table private.unmanaged_schedules to service_role;

-- What changed and may change the verdict of stored events. Rows are only added and removed, so writers never wait for each
-- other.
create table private.rejudgements (
  id bigint generated always as identity primary key,
  kind text not null,
  value text not null,
  changed_at timestamptz not null,
  started_at timestamptz,
  judged_at timestamptz,
  after_sent_at timestamptz,
  after_event_id text,
  claimed_until timestamptz,
  constraint kind_is_known check (kind in ('schedule_id', 'send_id', 'dispatch_id', 'ledger', 'time', 'campaign', 'proof'))
);
comment on table private.rejudgements is
  'Facts that changed, until every event that depends on them is judged again: at once, and once more a minute later.';
comment on column private.rejudgements.kind is
  'proof: a ledger row lost events. What proves its send is read again, not judged again.';
comment on column private.rejudgements.started_at is 'When the judging that is under way began.';
comment on column private.rejudgements.judged_at is 'When all events were judged for the first time.';
comment on column private.rejudgements.claimed_until is
  'Until then it belongs to the run that loaded it: two runs would judge the same events.';
comment on column private.rejudgements.after_event_id is 'With after_sent_at: the last event that was judged.';

alter table private.rejudgements enable row level security;
revoke all on table private.rejudgements from public, anon, authenticated, service_role;
grant select, insert, update, delete on table private.rejudgements to service_role;
revoke all on sequence private.rejudgements_id_seq from public, anon, authenticated, service_role;

create table public.schedule_attempts (
  id uuid primary key,
  run_id uuid not null references public.job_runs (run_id),
  kind text not null,
  reason text not null,
  match_id bigint,
  ledger_id uuid references public.schedule_ledger (id),
  generation integer,
  braze_schedule_id text,
  request jsonb not null,
  opened_at timestamptz not null,
  closed_at timestamptz,
  outcome text,
  http_status integer,
  detail text,
  response jsonb,
  missed_at timestamptz,
  resolved_at timestamptz,
  resolved_as text,
  constraint kind_is_known check (kind in ('send_id', 'create', 'update', 'delete')),
  constraint reason_is_known check (reason in ('plan', 'duplicate', 'orphan', 'operator')),
  constraint outcome_is_known check (outcome in ('succeeded', 'failed', 'unknown')),
  constraint closed_has_an_outcome check ((closed_at is null) = (outcome is null)),
  constraint resolved_as_is_known check (resolved_as in (
    'adopted', 'proved_by_events', 'proved_by_statistics', 'listed', 'absent', 'superseded', 'released'
  )),
  constraint resolved_has_its_time check ((resolved_at is null) = (resolved_as is null)),
  constraint only_unknown_is_resolved check (resolved_at is null or outcome is not distinct from 'unknown')
);
comment on table public.schedule_attempts is
  'The write-ahead journal: one row for each call that changes Braze, opened before the call and closed after it.';
comment on column public.schedule_attempts.id is
  'Chosen by the caller, so that opening the same attempt again (its answer was lost) finds it instead of doubling it.';
comment on column public.schedule_attempts.outcome is
  'null: under way, or its run died. unknown: Braze may have done it; it is never repeated blindly.';
comment on column public.schedule_attempts.resolved_as is
  'How an unknown outcome became known later. listed: Braze''s list showed it. superseded: a later call certainly did it. released: given up by a person, by the gate or by time.';
comment on column public.schedule_attempts.missed_at is
  'For the delete of an unmanaged schedule: when a per-schedule listing first lacked it.';

-- Braze has no idempotency key: while one create may have happened, there is no second one.
create unique index one_unresolved_create_a_ledger_row_idx on public.schedule_attempts (ledger_id)
  where kind = 'create' and resolved_at is null and (outcome is null or outcome = 'unknown');
create index schedule_attempts_ledger_id_idx on public.schedule_attempts (ledger_id);
create index schedule_attempts_match_id_idx on public.schedule_attempts (match_id, opened_at);
create index schedule_attempts_run_id_idx on public.schedule_attempts (run_id);
create index schedule_attempts_open_idx on public.schedule_attempts (opened_at) where outcome is null;
-- Counts against the daily budget of send ids.
create index schedule_attempts_send_ids_idx on public.schedule_attempts (opened_at) where kind = 'send_id';
-- Reconcile judges from a list that may be older than the last deletes.
create index schedule_attempts_deletes_idx on public.schedule_attempts (opened_at) where kind = 'delete';
create index schedule_attempts_unresolved_idx on public.schedule_attempts (opened_at)
  where outcome = 'unknown' and resolved_at is null;

alter table public.schedule_attempts enable row level security;
revoke all on table public.schedule_attempts from public, anon, authenticated, service_role;
grant select, insert, update on table public.schedule_attempts to service_role;

create table public.schedule_identifiers (
  kind text not null,
  value text not null,
  ledger_id uuid not null references public.schedule_ledger (id),
  generation integer,
  generations_differ boolean not null default false,
  ambiguous boolean not null default false,
  source text not null,
  first_seen_at timestamptz not null,
  primary key (kind, value),
  constraint kind_is_known check (kind in ('schedule_id', 'dispatch_id', 'send_id')),
  constraint source_is_known check (source in ('create', 'preflight', 'event'))
);
comment on table public.schedule_identifiers is
  'Which ledger row each Braze identifier belongs to. One schedule can have many dispatch ids. Send ids of our own form are not in it: they name their match.';
comment on column public.schedule_identifiers.generation is 'null where it is not known, or where the identifier was seen on several.';
comment on column public.schedule_identifiers.ambiguous is 'Seen on two ledger rows: attributes nothing any more.';

create index schedule_identifiers_ledger_id_idx on public.schedule_identifiers (ledger_id);

alter table public.schedule_identifiers enable row level security;
revoke all on table public.schedule_identifiers from public, anon, authenticated, service_role;
grant select, insert, update on table public.schedule_identifiers to service_role;

create table private.held_changes (
  ledger_id uuid primary key references public.schedule_ledger (id),
  match_id bigint not null,
  kind text not null,
  held_at timestamptz not null,
  confirmed_at timestamptz,
  constraint kind_is_known check (kind in ('removal', 'remake'))
);
comment on table private.held_changes is
  'Removals and remakes that the scheduler does not carry out, since too many came at once, until a person confirms them or the fixture is as before.';

alter table private.held_changes enable row level security;
revoke all on table private.held_changes from public, anon, authenticated, service_role;
grant select, insert, update, delete on table private.held_changes to service_role;

create table public.operator_actions (
  id bigint generated always as identity primary key,
  acted_at timestamptz not null,
  action text not null,
  match_id bigint,
  ledger_id uuid references public.schedule_ledger (id),
  generation integer,
  actor_kind text not null,
  actor_id text,
  reason text not null,
  before jsonb not null,
  details jsonb not null default '{}',
  run_id uuid,
  undoes bigint references public.operator_actions (id),
  constraint action_is_known check (
    action in (
      'cancel', 'reschedule', 'declare_gone', 'release', 'push_again', 'mark_sent', 'mark_not_sent', 'undo',
      'confirm_removals', 'resolve', 'adopt_schedule', 'keep_schedule', 'delete_schedule', 'erase_user'
    )
  ),
  constraint a_verb_has_its_run check ((action = 'erase_user') = (run_id is null)),
  constraint an_action_names_what_it_concerns check (
    case
      when action = 'erase_user' then num_nonnulls(match_id, ledger_id, generation) = 0
      -- An alert, and a schedule that is not ours, may belong to no match.
      when action in ('resolve', 'keep_schedule', 'delete_schedule') then num_nonnulls(ledger_id, generation) = 0
      else num_nonnulls(match_id, ledger_id, generation) = 3
    end
  ),
  constraint actor_kind_is_known check (actor_kind in ('secret_key', 'operator')),
  constraint an_operator_has_a_name check ((actor_kind = 'operator') = (actor_id is not null)),
  constraint reason_is_given check (pg_catalog.btrim(reason) <> ''),
  constraint an_undo_names_what_it_undoes check ((action = 'undo') = (undoes is not null)),
  constraint an_action_is_undone_once unique (undoes)
);
comment on table public.operator_actions is
  'Manual actions: who, what, why. Rows are only added; an undo is a row of its own; an erasure leaves no row.';
comment on column public.operator_actions.actor_id is
  'The user id of an operator; null where the project''s secret key was used.';
comment on column public.operator_actions.before is 'What the action changed, as it was: an undo puts it back.';
comment on column public.operator_actions.match_id is
  'null for an erasure, and for an alert or a schedule that concerns no single match.';
comment on column public.operator_actions.details is
  'What the person accepted, where the verb asks for it; the id of a schedule that was not ours. Of an erasure: the digest of the user''s id, and what was found.';

create index operator_actions_ledger_id_idx on public.operator_actions (ledger_id, id);
create index operator_actions_match_id_idx on public.operator_actions (match_id, acted_at);

alter table public.operator_actions enable row level security;
revoke all on table public.operator_actions from public, anon, authenticated, service_role;
grant select, insert on table public.operator_actions to service_role;
revoke all on sequence public.operator_actions_id_seq from public, anon, authenticated, service_role;
