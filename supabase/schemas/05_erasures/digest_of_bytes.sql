-- The keyed digest of bytes. It recognises what was erased and does not reveal it.

create function private.digest_of_bytes(p_bytes bytea)
returns bytea
language sql
stable
security invoker
set search_path = ''
set jit = off
as $$
  select pg_catalog.sha256(keys.key || p_bytes) from private.erasure_keys as keys;
$$;

comment on function private.digest_of_bytes(bytea) is
  'The digest under which a body that names an erased person is recognised.';
revoke all on function private.digest_of_bytes(bytea) from public, anon, authenticated, service_role;
grant execute on function private.digest_of_bytes(bytea) to service_role;
