-- Whether events prove that a match was sent.

create function private.is_proved_by_events(p_ledger_id uuid, p_generation integer)
returns boolean
language plpgsql
stable
security invoker
set search_path = ''
set jit = off
as $$
begin
  perform 1 from public.notification_sends as event
  where event.ledger_id = p_ledger_id and event.generation = p_generation and event.proof is not null
  limit 1;
  return found;
end;
$$;

comment on function private.is_proved_by_events(uuid, integer) is 'Whether an event that names this generation proves it.';
revoke all on function private.is_proved_by_events(uuid, integer) from public, anon, authenticated, service_role;
grant execute on function private.is_proved_by_events(uuid, integer) to service_role;
