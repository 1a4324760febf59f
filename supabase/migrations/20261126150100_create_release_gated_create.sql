-- Create public.release_gated_create: where the send gate turns an old generation away, the scheduler itself releases a
-- create that stayed unknown. Without the gate only a person may (release_create).

create function private.release_generation(p_ledger_id uuid, p_generation integer, p_now timestamptz)
returns boolean
language plpgsql
volatile
security invoker
set search_path = ''
as $$
begin
  update public.schedule_attempts as attempt
  set settled_at = p_now, settled_as = 'released'
  where attempt.ledger_id = p_ledger_id and attempt.kind = 'create' and attempt.outcome = 'unknown'
    and attempt.settled_at is null;
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
  'Settles the unknown create of a ledger row as released and takes its schedule for deleted; false where there is none.';

revoke execute on function private.release_generation(uuid, integer, timestamptz) from public;
grant execute on function private.release_generation(uuid, integer, timestamptz) to service_role;

create or replace function public.release_create(p_match_id bigint, p_reason text, p_now timestamptz)
returns boolean
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  v_row public.schedule_ledger;
begin
  select * into v_row from public.schedule_ledger as ledger where ledger.match_id = p_match_id for no key update;
  if not private.release_generation(v_row.id, v_row.generation, p_now) then
    return false;
  end if;

  insert into public.scheduler_logs (logged_at, function_name, action, reason, match_id, details)
  values (
    p_now, 'release_create', 'create_released', p_reason, p_match_id,
    pg_catalog.jsonb_build_object('generation', v_row.generation)
  );
  return true;
end;
$$;

create function public.release_gated_create(
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
as $$
declare
  v_match_id bigint;
begin
  perform private.hold_lease(p_run_id, p_lease_seconds, p_now);
  -- Somebody may have settled it, or made the next one, since the plan was made.
  select ledger.match_id into v_match_id
  from public.schedule_ledger as ledger
  where ledger.id = p_ledger_id and ledger.generation = p_generation and ledger.status = 'pending'
  for no key update;
  if v_match_id is null or not private.release_generation(p_ledger_id, p_generation, p_now) then
    return false;
  end if;

  insert into public.scheduler_logs (logged_at, function_name, action, reason, match_id, run_id, details)
  values (
    p_now, 'braze-scheduler', 'create_released', 'Nothing shows it, and the send gate turns it away', v_match_id,
    p_run_id, pg_catalog.jsonb_build_object('generation', p_generation)
  );
  return true;
end;
$$;

comment on function public.release_gated_create(uuid, integer, uuid, integer, timestamptz) is
  'Releases the unknown create of the current generation and logs it, for a run that holds its lease; false where it is settled. Raises PT409 lease_lost.';

revoke execute on function public.release_gated_create(uuid, integer, uuid, integer, timestamptz) from public;
grant execute on function public.release_gated_create(uuid, integer, uuid, integer, timestamptz) to service_role;
