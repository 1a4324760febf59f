-- Journals a delete before Braze gets it.

create function public.open_delete(
  p_attempt_id uuid,
  p_run_id uuid,
  p_lease_seconds integer,
  p_ledger_id uuid,
  p_generation integer,
  p_request jsonb,
  p_reason text,
  p_now timestamptz
)
returns jsonb
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  v_row public.schedule_ledger;
  v_schedule_id text;
begin
  if exists (select 1 from public.schedule_attempts as attempt where attempt.id = p_attempt_id) then
    return pg_catalog.jsonb_build_object('attempt_id', p_attempt_id, 'request', p_request);
  end if;
  perform private.hold_lease(p_run_id, p_lease_seconds, p_now);
  select * into strict v_row from public.schedule_ledger as ledger where ledger.id = p_ledger_id for no key update;
  update public.braze_schedules as schedule
  set state = 'deleting', updated_at = p_now
  where schedule.ledger_id = p_ledger_id and schedule.generation = p_generation
    and schedule.state in ('live', 'unknown', 'deleting') and schedule.braze_schedule_id is not null
  returning schedule.braze_schedule_id into v_schedule_id;
  if v_schedule_id is null then
    raise exception 'Cannot open a delete: generation % of match % has no schedule that could be live', p_generation, v_row.match_id
      using errcode = 'PT409', hint = 'not_live';
  end if;

  insert into public.schedule_attempts
    (id, run_id, kind, reason, match_id, ledger_id, generation, braze_schedule_id, request, opened_at)
  values (p_attempt_id, p_run_id, 'delete', p_reason, v_row.match_id, p_ledger_id, p_generation, v_schedule_id, p_request, p_now);
  return pg_catalog.jsonb_build_object('attempt_id', p_attempt_id, 'request', p_request);
end;
$$;

comment on function public.open_delete(uuid, uuid, integer, uuid, integer, jsonb, text, timestamptz) is
  'Journals a delete of one generation. Raises PT409: lease_lost, not_live.';
revoke all on function public.open_delete(uuid, uuid, integer, uuid, integer, jsonb, text, timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.open_delete(uuid, uuid, integer, uuid, integer, jsonb, text, timestamptz) to service_role;
