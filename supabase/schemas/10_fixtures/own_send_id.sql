-- The send id of an intent, in the suite's own form.

create function private.own_send_id(p_match_id bigint, p_intent integer)
returns text
language sql
immutable
security invoker
set search_path = ''
as $$
  select 'match-' || p_match_id || case when p_intent > 1 then '-' || p_intent else '' end;
$$;

comment on function private.own_send_id(bigint, integer) is
  'match-<id> for the first intent of a match, match-<id>-<n> for a later one: statistics of one prove nothing of another.';
revoke all on function private.own_send_id(bigint, integer) from public, anon, authenticated, service_role;
grant execute on function private.own_send_id(bigint, integer) to service_role;
