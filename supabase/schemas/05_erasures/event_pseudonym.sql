-- The pseudonym of an event of an erased user.

create function private.event_pseudonym(p_digest bytea)
returns text
language sql
immutable
security invoker
set search_path = ''
as $$
  select 'erased-' || pg_catalog.encode(p_digest, 'hex');
$$;

comment on function private.event_pseudonym(bytea) is
  'The id of an event after its erasure, made from the digest of its former id.';
revoke all on function private.event_pseudonym(bytea) from public, anon, authenticated, service_role;
grant execute on function private.event_pseudonym(bytea) to service_role;
