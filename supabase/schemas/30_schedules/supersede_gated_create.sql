-- Where the send gate rejects an old generation, the scheduler itself releases a create that stayed unknown.

create function public.supersede_gated_create(
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
  v_match_id bigint := private.lock_pending(p_run_id, p_lease_seconds, p_ledger_id, p_generation, p_now);
begin
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

comment on function public.supersede_gated_create(uuid, integer, uuid, integer, timestamptz) is
  'Releases the unknown create of the current generation and logs it, for a run that holds its lease; false where it is resolved. Raises PT409 lease_lost.';
revoke all on function public.supersede_gated_create(uuid, integer, uuid, integer, timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.supersede_gated_create(uuid, integer, uuid, integer, timestamptz) to service_role;
