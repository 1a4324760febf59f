-- Confirms a send by Braze's own count, where no event reached the suite.

create function public.confirm_by_statistics(p_ledger_id uuid, p_generation integer, p_count integer, p_now timestamptz)
returns boolean
language plpgsql
volatile
security invoker
set search_path = ''
set jit = off
as $$
begin
  update public.schedule_ledger as ledger
  set status = 'sent',
    sent_evidence = 'statistics',
    sent_confirmed_at = p_now,
    braze_reported_count = p_count,
    updated_at = p_now
  where ledger.id = p_ledger_id and ledger.generation = p_generation and ledger.status = 'pending'
    and ledger.send_at_utc <= p_now and p_count > 0;
  if not found then
    return false;
  end if;

  update public.braze_schedules as schedule
  set state = 'completed', updated_at = p_now
  where schedule.ledger_id = p_ledger_id and schedule.generation = p_generation
    and private.can_be_live(schedule.state);
  -- This proves the create whose answer was lost.
  update public.schedule_attempts as attempt
  set resolved_at = p_now, resolved_as = 'proved_by_statistics'
  where attempt.ledger_id = p_ledger_id and attempt.generation = p_generation and attempt.kind = 'create'
    and attempt.outcome = 'unknown' and attempt.resolved_at is null;
  return true;
end;
$$;

comment on function public.confirm_by_statistics(uuid, integer, integer, timestamptz) is
  'Sets a past, pending row to sent because Braze counts p_count pushes under its send id; false when it is not pending, not past or not counted.';
revoke all on function public.confirm_by_statistics(uuid, integer, integer, timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.confirm_by_statistics(uuid, integer, integer, timestamptz) to service_role;
