-- Reactivates a schedule that was to be deleted, is there as before, and is wanted again.

create function public.reactivate_schedule(
  p_run_id uuid,
  p_lease_seconds integer,
  p_ledger_id uuid,
  p_generation integer,
  p_now timestamptz
)
returns boolean
language plpgsql
volatile
security invoker
set search_path = ''
set jit = off
as $$
declare
  -- Ledger row first, then its generation: the webhook takes them in this order too.
  v_match_id bigint := private.lock_pending(p_run_id, p_lease_seconds, p_ledger_id, p_generation, p_now);
  v_state text;
begin
  select schedule.state into v_state
  from public.braze_schedules as schedule
  where schedule.ledger_id = p_ledger_id and schedule.generation = p_generation and v_match_id is not null
  for no key update;
  -- Reactivated before, by a call whose answer was lost.
  if v_state is distinct from 'deleting' then
    return v_state is not distinct from 'live';
  end if;
  if not private.all_deletes_failed(p_ledger_id, p_generation) then
    return false;
  end if;

  update public.braze_schedules as schedule
  set state = 'live', updated_at = p_now
  where schedule.ledger_id = p_ledger_id and schedule.generation = p_generation;
  insert into public.scheduler_logs (logged_at, function_name, action, reason, match_id, run_id, details)
  values (
    p_now, 'braze-scheduler', 'schedule_kept', 'Wanted again, and Braze carried out no delete of it', v_match_id,
    p_run_id, pg_catalog.jsonb_build_object('generation', p_generation)
  );
  return true;
end;
$$;

comment on function public.reactivate_schedule(uuid, integer, uuid, integer, timestamptz) is
  'Makes the current generation live again if all its deletes failed, and logs it; false where a delete may have taken effect or the row has changed. Raises PT409 lease_lost.';
revoke all on function public.reactivate_schedule(uuid, integer, uuid, integer, timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.reactivate_schedule(uuid, integer, uuid, integer, timestamptz) to service_role;
