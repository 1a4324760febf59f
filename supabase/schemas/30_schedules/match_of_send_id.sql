-- The match that a send id of the suite's own form names.

create function private.match_of_send_id(p_send_id text)
returns bigint
language sql
immutable
security invoker
set search_path = ''
as $$
  select pg_catalog.substring(p_send_id, '^match-(0|[1-9][0-9]{0,14})(?:-[0-9]{1,6})?$')::bigint;
$$;

comment on function private.match_of_send_id(text) is
  'The match id in a send id of our own form, match-<id> or match-<id>-<n>; null for any other send id.';
revoke all on function private.match_of_send_id(text) from public, anon, authenticated, service_role;
grant execute on function private.match_of_send_id(text) to service_role;
