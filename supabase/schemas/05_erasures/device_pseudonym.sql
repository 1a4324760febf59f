-- The pseudonym of a device of an erased user.

create function private.device_pseudonym(p_device_key bytea, p_device_id text)
returns text
language sql
immutable
security invoker
set search_path = ''
as $$
  select 'erased-' || pg_catalog.encode(pg_catalog.sha256(p_device_key || pg_catalog.convert_to(p_device_id, 'UTF8')), 'hex');
$$;

comment on function private.device_pseudonym(bytea, text) is
  'The pseudonym of a device under the key of its person, so that two sends to one device still count as two sends to one device.';
revoke all on function private.device_pseudonym(bytea, text) from public, anon, authenticated, service_role;
grant execute on function private.device_pseudonym(bytea, text) to service_role;
