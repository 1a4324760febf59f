-- Cancels a ledger row whose schedule is absent from Braze.

create function public.cancel_absent(p_ledger_id uuid, p_generation integer, p_note text, p_now timestamptz)
returns boolean
language plpgsql
volatile
security invoker
set search_path = ''
set jit = off
as $$
declare
  v_cancelled boolean;
begin
  -- A list may have shown it since it was found absent.
  perform 1 from public.schedule_ledger as ledger where ledger.id = p_ledger_id for no key update;
  if not exists (
    select 1
    from public.braze_schedules as schedule
    where schedule.ledger_id = p_ledger_id and schedule.generation = p_generation and schedule.absent_at is not null
  ) then
    return false;
  end if;
  v_cancelled := public.cancel_ledger(p_ledger_id, p_generation, 'dashboard', p_note, p_now);
  update public.braze_schedules as schedule
  set state = 'deleted', updated_at = p_now
  where schedule.ledger_id = p_ledger_id and schedule.generation = p_generation and schedule.state = 'live';
  return v_cancelled;
end;
$$;

comment on function public.cancel_absent(uuid, integer, text, timestamptz) is
  'A schedule that Braze no longer holds: its generation is deleted, its ledger row cancelled with reason dashboard. False when the row was not pending, or the schedule is not absent any more.';
revoke all on function public.cancel_absent(uuid, integer, text, timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.cancel_absent(uuid, integer, text, timestamptz) to service_role;
