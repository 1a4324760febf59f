-- What is kept about an erased person: enough to recognise their ids again, nothing that identifies them.
--
-- Users and events are stored as keyed digests: without the key, ids cannot be tried out against them.

create table private.erasure_keys (
  only_row boolean primary key default true,
  key bytea not null default pg_catalog.sha256(
    pg_catalog.uuid_send(pg_catalog.gen_random_uuid()) || pg_catalog.uuid_send(pg_catalog.gen_random_uuid())
  ),
  constraint there_is_one_row check (only_row),
  constraint key_is_long_enough check (pg_catalog.length(key) >= 32)
);
comment on table private.erasure_keys is
  'The key of the digests of erased users and events. With another key, no erasure is recognised any more.';

alter table private.erasure_keys enable row level security;
revoke all on table private.erasure_keys from public, anon, authenticated, service_role;
grant select on table private.erasure_keys to service_role;

insert into private.erasure_keys default values;

create table private.erased_users (
  user_digest bytea primary key,
  pseudonym text not null unique,
  device_key bytea not null,
  anonymise_until timestamptz not null,
  erased_at timestamptz not null
);
comment on table private.erased_users is 'One row for each person who was erased, known by the digest of their id.';
comment on column private.erased_users.pseudonym is
  'Replaces the user id, the same in all events of the person, so that they still count as one user.';
comment on column private.erased_users.device_key is 'Key from which the pseudonyms of their devices are derived; no other person''s devices share it.';
comment on column private.erased_users.anonymise_until is 'Events of the person that happened before this come in without them.';

create index erased_users_erased_at_idx on private.erased_users (erased_at);

alter table private.erased_users enable row level security;
revoke all on table private.erased_users from public, anon, authenticated, service_role;
grant select, insert, update on table private.erased_users to service_role;

create table private.erased_ids (
  id_digest bytea not null,
  user_digest bytea not null references private.erased_users (user_digest) on delete cascade,
  primary key (id_digest, user_digest)
);
comment on table private.erased_ids is
  'The devices of erased people, and Braze''s own ids of them. An event that names no user is theirs if it names one of these.';
comment on column private.erased_ids.id_digest is 'A digest of the id, as in erased_users.';

create index erased_ids_user_idx on private.erased_ids (user_digest);

alter table private.erased_ids enable row level security;
revoke all on table private.erased_ids from public, anon, authenticated, service_role;
grant select, insert on table private.erased_ids to service_role;

create table private.erased_events (
  digest bytea primary key,
  erased_at timestamptz not null
);
comment on table private.erased_events is
  'Tombstones: the digest of the id of each event of an erased person; for rejects, also of payload and body.';

create index erased_events_erased_at_idx on private.erased_events (erased_at);

alter table private.erased_events enable row level security;
revoke all on table private.erased_events from public, anon, authenticated, service_role;
grant select, insert on table private.erased_events to service_role;
