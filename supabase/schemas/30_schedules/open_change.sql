-- Journals a move or a delete before Braze gets it.

create function private.open_change(
  p_kind text,
  p_attempt_id uuid,
  p_run_id uuid,
  p_lease_seconds integer,
  p_ledger_id uuid,
  p_generation integer,
  p_send_at timestamptz,
  p_request jsonb,
  p_reason text,
  p_now timestamptz,
  p_of_cancelled boolean default false
)
returns jsonb
language plpgsql
volatile
security invoker
set search_path = ''
set jit = off
as $$
declare
  v_row public.schedule_ledger;
  v_schedule_id text;
begin
  if exists (select 1 from public.schedule_attempts as attempt where attempt.id = p_attempt_id) then
    return pg_catalog.jsonb_build_object('attempt_id', p_attempt_id, 'request', p_request);
  end if;
  perform private.hold_lease(p_run_id, p_lease_seconds, p_now);
  -- Ledger row first, then its generation: the webhook takes them in this order too.
  select * into strict v_row from public.schedule_ledger as ledger where ledger.id = p_ledger_id for no key update;
  -- A person may have taken the cancellation back since the plan was made.
  if p_of_cancelled and v_row.status = 'pending' then
    raise exception 'Cannot open a delete: match % is not cancelled any more', v_row.match_id
      using errcode = 'PT409', hint = 'not_cancelled';
  end if;
  update public.braze_schedules as schedule
  set state = case p_kind when 'delete' then 'deleting' else schedule.state end,
    moving_to_utc = case p_kind when 'update' then p_send_at else schedule.moving_to_utc end,
    updated_at = p_now
  where schedule.ledger_id = p_ledger_id and schedule.generation = p_generation and schedule.braze_schedule_id is not null
    and case p_kind
      when 'update' then schedule.state = 'live' and v_row.status = 'pending' and v_row.generation = p_generation
      -- The answer of its create is still outstanding.
      else private.can_be_live(schedule.state) and schedule.state <> 'creating'
    end
  returning schedule.braze_schedule_id into v_schedule_id;
  if v_schedule_id is null and p_kind = 'update' then
    raise exception 'Cannot open an update: generation % of match % must be the live current one', p_generation, v_row.match_id
      using errcode = 'PT409', hint = 'not_live';
  elsif v_schedule_id is null then
    raise exception 'Cannot open a delete: generation % of match % has no schedule that could be live', p_generation, v_row.match_id
      using errcode = 'PT409', hint = 'not_live';
  end if;

  insert into public.schedule_attempts
    (id, run_id, kind, reason, match_id, ledger_id, generation, braze_schedule_id, request, opened_at)
  values (p_attempt_id, p_run_id, p_kind, p_reason, v_row.match_id, p_ledger_id, p_generation, v_schedule_id, p_request, p_now);
  return pg_catalog.jsonb_build_object('attempt_id', p_attempt_id, 'request', p_request);
end;
$$;

comment on function private.open_change(text, uuid, uuid, integer, uuid, integer, timestamptz, jsonb, text, timestamptz, boolean) is
  'Journals an update or a delete of a schedule of ours. p_of_cancelled: only of a row that is not pending. Raises PT409: lease_lost, not_cancelled, not_live.';
revoke all on function private.open_change(text, uuid, uuid, integer, uuid, integer, timestamptz, jsonb, text, timestamptz, boolean) from public, anon, authenticated, service_role;
grant execute on function private.open_change(text, uuid, uuid, integer, uuid, integer, timestamptz, jsonb, text, timestamptz, boolean) to service_role;
