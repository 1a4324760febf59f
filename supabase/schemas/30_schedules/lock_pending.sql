-- A run that holds its lease locks a pending ledger row, if that is still of the generation that its plan was made from.

create function private.lock_pending(
  p_run_id uuid,
  p_lease_seconds integer,
  p_ledger_id uuid,
  p_generation integer,
  p_now timestamptz
)
returns bigint
language plpgsql
volatile
security invoker
set search_path = ''
set jit = off
as $$
declare
  v_match_id bigint;
begin
  perform private.hold_lease(p_run_id, p_lease_seconds, p_now);
  select ledger.match_id into v_match_id
  from public.schedule_ledger as ledger
  where ledger.id = p_ledger_id and ledger.generation = p_generation and ledger.status = 'pending'
  for no key update;
  return v_match_id;
end;
$$;

comment on function private.lock_pending(uuid, integer, uuid, integer, timestamptz) is
  'The match of the row, or null where it was cancelled, sent or has another generation. Raises PT409 lease_lost.';
revoke all on function private.lock_pending(uuid, integer, uuid, integer, timestamptz) from public, anon, authenticated, service_role;
grant execute on function private.lock_pending(uuid, integer, uuid, integer, timestamptz) to service_role;
