-- The current generation of a match is settled as not in Braze: the scheduler makes the next one.

create function private.end_generation(p_ledger_id uuid, p_generation integer, p_now timestamptz)
returns void
language plpgsql
volatile
security invoker
set search_path = ''
set jit = off
as $$
begin
  update public.braze_schedules as schedule
  -- absent_at: if a list shows it, the verdict is taken back.
  set state = 'deleted', absent_at = p_now, doubt = null, doubted_at = null, updated_at = p_now
  where schedule.ledger_id = p_ledger_id and schedule.generation = p_generation and private.can_be_live(schedule.state);
  update public.schedule_ledger as ledger
  set status = 'pending', cancel_reason = null, updated_at = p_now
  where ledger.id = p_ledger_id and ledger.generation = p_generation and ledger.cancel_reason = 'dashboard';
end;
$$;

comment on function private.end_generation(uuid, integer, timestamptz) is
  'Marks the current generation as deleted and its row as pending, so that the scheduler makes the next one.';
revoke all on function private.end_generation(uuid, integer, timestamptz) from public, anon, authenticated, service_role;
grant execute on function private.end_generation(uuid, integer, timestamptz) to service_role;
