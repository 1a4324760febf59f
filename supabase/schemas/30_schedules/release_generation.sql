-- Resolves the unknown create of one generation as released.

create function private.release_generation(p_ledger_id uuid, p_generation integer, p_now timestamptz)
returns boolean
language plpgsql
volatile
security invoker
set search_path = ''
as $$
begin
  update public.schedule_attempts as attempt
  set resolved_at = p_now, resolved_as = 'released'
  where attempt.ledger_id = p_ledger_id and attempt.kind = 'create' and attempt.outcome = 'unknown'
    and attempt.resolved_at is null;
  if not found then
    return false;
  end if;

  update public.braze_schedules as schedule
  set state = 'deleted', updated_at = p_now
  where schedule.ledger_id = p_ledger_id and schedule.generation = p_generation and schedule.state = 'unknown';
  return true;
end;
$$;

comment on function private.release_generation(uuid, integer, timestamptz) is
  'Resolves the unknown create of a ledger row as released and marks its schedule deleted; false where there is none.';
revoke all on function private.release_generation(uuid, integer, timestamptz) from public, anon, authenticated, service_role;
grant execute on function private.release_generation(uuid, integer, timestamptz) to service_role;
