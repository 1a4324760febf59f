-- A schedule that Braze certainly made, or that a person found there and adopted. A create whose answer was lost may have made one or not.

create function private.is_created(p_ledger_id uuid, p_generation integer)
returns boolean
language sql
stable
security invoker
set search_path = ''
set jit = off
as $$
  select exists (
    select 1
    from public.braze_schedules as schedule
    where schedule.ledger_id = p_ledger_id and schedule.generation = p_generation and schedule.adopted_at is not null
  ) or exists (
    select 1
    from public.schedule_attempts as attempt
    where attempt.ledger_id = p_ledger_id and attempt.generation = p_generation and attempt.kind = 'create'
      and (attempt.outcome = 'succeeded' or attempt.resolved_as in ('adopted', 'proved_by_events', 'listed'))
  );
$$;

comment on function private.is_created(uuid, integer) is
  'Whether Braze certainly holds or held a schedule: it answered so, or a list or an event showed it.';
revoke all on function private.is_created(uuid, integer) from public, anon, authenticated, service_role;
grant execute on function private.is_created(uuid, integer) to service_role;
