-- Create what is remembered of a person who was erased: enough to know them again, nothing to tell who they were.
--
-- Users and events are remembered by a keyed digest: without the key nobody can try names out against it.

create table private.erasure_keys (
  only_row boolean primary key default true,
  key bytea not null default pg_catalog.sha256(
    pg_catalog.uuid_send(pg_catalog.gen_random_uuid()) || pg_catalog.uuid_send(pg_catalog.gen_random_uuid())
  ),
  constraint there_is_one_row check (only_row),
  constraint key_is_long_enough check (pg_catalog.length(key) >= 32)
);
comment on table private.erasure_keys is
  'The key of the digests of erased users and events. Another key would forget all erasures.';
insert into private.erasure_keys default values;

create table private.erased_users (
  user_digest bytea primary key,
  stand_in text not null unique,
  device_key bytea not null,
  forget_until timestamptz not null,
  erased_at timestamptz not null
);
comment on table private.erased_users is 'One row for each person who was erased, known by the digest of their id.';
comment on column private.erased_users.stand_in is
  'Stands where the id stood, the same in all events of the person, so that they still count as one.';
comment on column private.erased_users.device_key is 'Makes the stand-ins of their devices, which nobody else''s device gets.';
comment on column private.erased_users.forget_until is 'Events of the person that happened before this come in without them.';

create table private.erased_events (
  digest bytea primary key,
  erased_at timestamptz not null
);
comment on table private.erased_events is
  'Tombstones: the digest of the id of each event of a person who was erased; of what was not understood, also of payload and body.';

create index erased_users_erased_at_idx on private.erased_users (erased_at);
create index erased_events_erased_at_idx on private.erased_events (erased_at);

-- Whom an event is about is asked when a person is erased. Few events name a device and no user.
create index notification_sends_user_idx on public.notification_sends (external_user_id);
create index notification_sends_device_idx on public.notification_sends (device_id)
  where external_user_id is null and device_id is not null;
-- Logs name events by their ids, which some senders make from the id of the user.
create index scheduler_logs_event_ids_idx on public.scheduler_logs using gin ((details -> 'event_ids'))
  where details ? 'event_ids';
create index scheduler_logs_event_id_idx on public.scheduler_logs ((details ->> 'event_id')) where details ? 'event_id';

alter table private.erasure_keys enable row level security;
alter table private.erased_users enable row level security;
alter table private.erased_events enable row level security;
grant select on private.erasure_keys to service_role;
grant select, insert, update on private.erased_users to service_role;
grant select, insert on private.erased_events to service_role;
-- An erasure takes ids out of what was written.
grant update on public.scheduler_logs to service_role;
grant select, update on private.prune_progress to service_role;

alter table public.operator_actions
  alter column match_id drop not null,
  alter column ledger_id drop not null,
  alter column generation drop not null,
  alter column run_id drop not null,
  add column details jsonb not null default '{}',
  drop constraint action_is_known,
  add constraint action_is_known check (action in ('mark_sent', 'undo_mark_sent', 'erase_user')),
  add constraint all_but_an_erasure_concern_a_match check (
    (action = 'erase_user') = (match_id is null)
    and (match_id is null) = (ledger_id is null)
    and (match_id is null) = (generation is null)
    and (match_id is null) = (run_id is null)
  );
comment on table public.operator_actions is
  'What people did by hand: who, what, why. Only ever added to; an undo is a row of its own, an erasure has none.';
comment on column public.operator_actions.details is 'Of an erasure: the digest of the user''s id, and what was found.';
