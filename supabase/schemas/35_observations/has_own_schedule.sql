-- Whether the suite has scheduled a match, as far as Braze's last list shows it.

create function private.has_own_schedule(p_match_id bigint)
returns boolean
language sql
stable
security invoker
set search_path = ''
set jit = off
as $$
  select exists (
    select 1
    from public.schedule_ledger as ledger
    join public.braze_schedules as current on current.ledger_id = ledger.id and current.generation = ledger.generation
    join private.listed_schedules as listed on listed.braze_schedule_id = current.braze_schedule_id
    where ledger.match_id = p_match_id and ledger.status = 'pending' and current.state = 'live'
      and listed.shown_until is null
  );
$$;

comment on function private.has_own_schedule(bigint) is
  'Whether the last list shows the live current schedule of a pending match.';
revoke all on function private.has_own_schedule(bigint) from public, anon, authenticated, service_role;
grant execute on function private.has_own_schedule(bigint) to service_role;
