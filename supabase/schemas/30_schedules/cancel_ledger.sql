-- Cancels a pending ledger row.
--
-- What Braze still holds stays in braze_schedules: an event of the current generation turns the row to sent all the same,
-- since facts win over intents.

create function public.cancel_ledger(
  p_ledger_id uuid,
  p_generation integer,
  p_cancel_reason text,
  p_note text,
  p_now timestamptz
)
returns boolean
language plpgsql
volatile
security invoker
set search_path = ''
set jit = off
as $$
begin
  update public.schedule_ledger as ledger
  set status = 'cancelled', cancel_reason = p_cancel_reason, notes = p_note, updated_at = p_now
  where ledger.id = p_ledger_id and ledger.generation = p_generation and ledger.status = 'pending';
  return found;
end;
$$;

comment on function public.cancel_ledger(uuid, integer, text, text, timestamptz) is
  'Turns a pending ledger row of that generation to cancelled; false when it was not pending any more.';
revoke all on function public.cancel_ledger(uuid, integer, text, text, timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.cancel_ledger(uuid, integer, text, text, timestamptz) to service_role;
