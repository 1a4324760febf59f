-- The ledger row of a match as it stands: a later intent has not replaced it.

create function private.current_ledger(p_match_id bigint)
returns public.schedule_ledger
language sql
stable
security invoker
set search_path = ''
set jit = off
as $$
  select ledger
  from public.schedule_ledger as ledger
  where ledger.match_id = p_match_id and ledger.replaced_at is null;
$$;

comment on function private.current_ledger(bigint) is 'The ledger row of a match that no later intent has replaced; null without one.';
revoke all on function private.current_ledger(bigint) from public, anon, authenticated, service_role;
grant execute on function private.current_ledger(bigint) to service_role;
