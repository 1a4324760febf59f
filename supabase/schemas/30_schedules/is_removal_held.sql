-- Whether a match that was called off keeps its push, since too many were called off at once.
--
-- The scheduler marks what it holds. Until it has run, the send gate counts by itself.

create function private.is_removal_held(p_ledger_id uuid)
returns boolean
language sql
stable
security invoker
set search_path = ''
set jit = off
as $$
  select case
    when held.kind = 'removal' then held.confirmed_at is null
    -- The scheduler has not seen it yet.
    else ledger.status <> 'cancelled' and private.has_too_many_removals(ledger.send_at_utc)
  end
  from public.schedule_ledger as ledger
  left join private.held_changes as held on held.ledger_id = ledger.id
  where ledger.id = p_ledger_id;
$$;

comment on function private.is_removal_held(uuid) is
  'Whether the removal of a match that was called off waits for a person: then its push goes out as planned.';
revoke all on function private.is_removal_held(uuid) from public, anon, authenticated, service_role;
grant execute on function private.is_removal_held(uuid) to authenticated, service_role;
