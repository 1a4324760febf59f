-- Makes a later schedule of a match the current one.
--
-- A schedule that replaces a live one becomes current in the statement that stores the success of its create. Until then, and
-- if the create is refused, deferred or without an answer, the earlier one stays current: it is the one that the send gate
-- lets pass.

create function private.make_current(p_ledger_id uuid, p_generation integer, p_now timestamptz)
returns boolean
language plpgsql
volatile
security invoker
set search_path = ''
set jit = off
as $$
begin
  update public.schedule_ledger as ledger
  set generation = schedule.generation,
    campaign_id = schedule.campaign_id,
    signature = coalesce(schedule.signature, ledger.signature),
    send_at_utc = schedule.send_at_utc,
    braze_schedule_id = schedule.braze_schedule_id,
    dispatch_id = null,
    send_id = create_of.request ->> 'send_id',
    expected_send_count = (schedule.expected ->> 'count')::integer,
    expected_send_count_min = (schedule.expected ->> 'min')::integer,
    expected_send_count_max = (schedule.expected ->> 'max')::integer,
    expected_source = schedule.expected ->> 'source',
    preflight_at = null,
    preflight_result = null,
    updated_at = p_now
  from public.braze_schedules as schedule
  join public.schedule_attempts as create_of
    on create_of.ledger_id = schedule.ledger_id and create_of.generation = schedule.generation and create_of.kind = 'create'
  where ledger.id = p_ledger_id and ledger.status = 'pending' and ledger.generation < p_generation
    and schedule.ledger_id = ledger.id and schedule.generation = p_generation;
  if not found then
    return false;
  end if;
  -- Without an answer to its create there is no id to delete it by; the gate shuts it out.
  update public.braze_schedules as earlier
  set state = 'deleted', updated_at = p_now
  where earlier.ledger_id = p_ledger_id and earlier.generation < p_generation
    and earlier.state = 'unknown' and earlier.braze_schedule_id is null;
  return true;
end;
$$;

comment on function private.make_current(uuid, integer, timestamptz) is
  'Makes a later generation the current one of a pending ledger row; false where it is not later, or the row is not pending.';
revoke all on function private.make_current(uuid, integer, timestamptz) from public, anon, authenticated, service_role;
grant execute on function private.make_current(uuid, integer, timestamptz) to service_role;
