-- A person takes responsibility for what Braze may still hold: the match is planned as if it were not there.

create function private.settle_unclear(p_ledger_id uuid, p_now timestamptz)
returns jsonb
language plpgsql
volatile
security invoker
set search_path = ''
set jit = off
as $$
declare
  v_settled jsonb;
begin
  select coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
    'generation', schedule.generation, 'state', schedule.state, 'braze_schedule_id', schedule.braze_schedule_id
  ) order by schedule.generation), '[]')
  into v_settled
  from public.braze_schedules as schedule
  where schedule.ledger_id = p_ledger_id and private.can_be_live(schedule.state);

  update public.schedule_attempts as attempt
  set resolved_at = p_now, resolved_as = 'released'
  where attempt.ledger_id = p_ledger_id and attempt.outcome = 'unknown' and attempt.resolved_at is null;
  update public.braze_schedules as schedule
  set state = 'deleted', settled_at = p_now, doubt = null, doubted_at = null, updated_at = p_now
  where schedule.ledger_id = p_ledger_id and schedule.state not in ('failed', 'completed') and schedule.settled_at is null;
  return v_settled;
end;
$$;

comment on function private.settle_unclear(uuid, timestamptz) is
  'Counts every schedule of a ledger row as deleted; returns those that may be there, as they were.';
revoke all on function private.settle_unclear(uuid, timestamptz) from public, anon, authenticated, service_role;
grant execute on function private.settle_unclear(uuid, timestamptz) to service_role;
