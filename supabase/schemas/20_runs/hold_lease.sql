-- A run may open a call to Braze only while it holds its lease: afterwards it may have a successor.

create function private.hold_lease(p_run_id uuid, p_lease_seconds integer, p_now timestamptz)
returns void
language plpgsql
volatile
security invoker
set search_path = ''
set jit = off
as $$
begin
  update public.job_runs as run
  set lease_until = greatest(run.lease_until, p_now + pg_catalog.make_interval(secs => p_lease_seconds))
  where run.run_id = p_run_id and run.outcome = 'running' and run.lease_until > p_now and not run.dry_run;
  if not found then
    raise exception 'Cannot open an attempt: run % does not hold its lease', p_run_id
      using errcode = 'PT409', hint = 'lease_lost';
  end if;
end;
$$;

comment on function private.hold_lease(uuid, integer, timestamptz) is
  'Prolongs the lease of a run, or raises PT409 lease_lost when it no longer holds one.';
revoke all on function private.hold_lease(uuid, integer, timestamptz) from public, anon, authenticated, service_role;
grant execute on function private.hold_lease(uuid, integer, timestamptz) to service_role;
