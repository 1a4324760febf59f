-- Create private.digest_of_bytes, private.keyed_digest, private.event_stand_in and private.device_stand_in: how what was
-- erased is known again.

create function private.digest_of_bytes(p_bytes bytea)
returns bytea
language sql
stable
security invoker
set search_path = ''
as $$
  select pg_catalog.sha256(keys.key || p_bytes) from private.erasure_keys as keys;
$$;

comment on function private.digest_of_bytes(bytea) is 'The digest under which a body that named somebody is remembered.';

revoke execute on function private.digest_of_bytes(bytea) from public;
grant execute on function private.digest_of_bytes(bytea) to service_role;

create function private.keyed_digest(p_text text)
returns bytea
language sql
stable
security invoker
set search_path = ''
as $$
  select private.digest_of_bytes(pg_catalog.convert_to(p_text, 'UTF8'));
$$;

comment on function private.keyed_digest(text) is 'The digest under which erased users and events are remembered.';

revoke execute on function private.keyed_digest(text) from public;
grant execute on function private.keyed_digest(text) to service_role;

create function private.event_stand_in(p_digest bytea)
returns text
language sql
immutable
security invoker
set search_path = ''
as $$
  select 'erased-' || pg_catalog.encode(p_digest, 'hex');
$$;

comment on function private.event_stand_in(bytea) is 'The id of an event after its erasure, from the digest of the one it had.';

revoke execute on function private.event_stand_in(bytea) from public;
grant execute on function private.event_stand_in(bytea) to service_role;

create function private.device_stand_in(p_device_key bytea, p_device_id text)
returns text
language sql
immutable
security invoker
set search_path = ''
as $$
  select 'erased-' || pg_catalog.encode(pg_catalog.sha256(p_device_key || pg_catalog.convert_to(p_device_id, 'UTF8')), 'hex');
$$;

comment on function private.device_stand_in(bytea, text) is
  'Stands for a device of the person whose key it is, so that two sends to one device still count as such.';

revoke execute on function private.device_stand_in(bytea, text) from public;
grant execute on function private.device_stand_in(bytea, text) to service_role;
