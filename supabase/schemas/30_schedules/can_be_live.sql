-- The states in which Braze may hold a schedule and send by it.

create function private.can_be_live(p_state text)
returns boolean
language sql
immutable
security invoker
set search_path = ''
as $$
  select p_state in ('creating', 'live', 'unknown', 'deleting');
$$;

comment on function private.can_be_live(text) is
  'Whether Braze may hold a schedule of this state: what is failed, deleted or sent it does not hold.';
revoke all on function private.can_be_live(text) from public, anon, authenticated, service_role;
grant execute on function private.can_be_live(text) to authenticated, service_role;
