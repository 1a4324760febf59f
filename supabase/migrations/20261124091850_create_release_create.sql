-- Create public.release_create: a person has looked, and the schedule whose create got no answer is not there.
--
-- Nobody else may decide that: Braze has no endpoint that tells. The next run makes the next generation; should the
-- released one be sent all the same, that is seen and alerted.

create function public.release_create(p_match_id bigint, p_reason text, p_now timestamptz)
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
  update public.schedule_attempts as attempt
  set settled_at = p_now, settled_as = 'released'
  where attempt.ledger_id = v_row.id and attempt.kind = 'create' and attempt.outcome = 'unknown'
    and attempt.settled_at is null;
  if not found then
    return false;
  end if;

  update public.braze_schedules as schedule
  set state = 'deleted', updated_at = p_now
  where schedule.ledger_id = v_row.id and schedule.generation = v_row.generation and schedule.state = 'unknown';
  insert into public.scheduler_logs (logged_at, function_name, action, reason, match_id, details)
  values (
    p_now, 'release_create', 'create_released', p_reason, p_match_id,
    pg_catalog.jsonb_build_object('generation', v_row.generation)
  );
  return true;
end;
$$;

comment on function public.release_create(bigint, text, timestamptz) is
  'Settles an unknown create as released, so that the next run schedules the match anew; false where there is none.';

revoke execute on function public.release_create(bigint, text, timestamptz) from public;
grant execute on function public.release_create(bigint, text, timestamptz) to service_role;
