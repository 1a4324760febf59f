-- The keyed digest of a text. It recognises what was erased and does not reveal it.

create function private.keyed_digest(p_text text)
returns bytea
language sql
stable
security invoker
set search_path = ''
set jit = off
as $$
  select private.digest_of_bytes(pg_catalog.convert_to(p_text, 'UTF8'));
$$;

comment on function private.keyed_digest(text) is 'The digest under which erased users and events are remembered.';
revoke all on function private.keyed_digest(text) from public, anon, authenticated, service_role;
grant execute on function private.keyed_digest(text) to service_role;
