-- Whether Braze certainly did not carry out the last delete of a schedule: then the schedule is there as before.

create function private.all_deletes_failed(p_ledger_id uuid, p_generation integer)
returns boolean
language sql
stable
security invoker
set search_path = ''
set jit = off
as $$
  select coalesce(
    bool_and((
      (attempt.outcome = 'failed' and coalesce(attempt.http_status, 0) not in (400, 404))
      or attempt.resolved_as = 'listed'
    ) is true),
    false
  )
  from public.schedule_attempts as attempt
  where attempt.ledger_id = p_ledger_id and attempt.generation = p_generation and attempt.kind = 'delete';
$$;

comment on function private.all_deletes_failed(uuid, integer) is
  'True when deletes were requested and none can have taken effect. Braze answers 400 or 404 for schedules that it does not know, so these answers prove nothing.';
revoke all on function private.all_deletes_failed(uuid, integer) from public, anon, authenticated, service_role;
grant execute on function private.all_deletes_failed(uuid, integer) to service_role;
