-- Grants a timed function its run, or refuses it.
--
-- The scheduled time prevents double runs (pg_cron and pg_net may both call twice), the lease prevents overlap, and the
-- journal checks the running row before each call to Braze.

create function public.claim_run(
  p_function text,
  p_caller text,
  p_dry_run boolean,
  p_lease_seconds integer,
  p_now timestamptz,
  p_scheduled_at timestamptz default null,
  p_invocation_id text default null
)
returns jsonb
language plpgsql
volatile
security invoker
set search_path = ''
set jit = off
as $$
declare
  v_run_id uuid;
  v_outcome text;
  v_running uuid;
  v_newer uuid;
begin
  -- Claims of one function take turns: nothing may come between the check for a running run and the insert.
  perform pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('claim_run:' || p_function, 0));

  update public.job_runs as dead
  set outcome = 'lost', finished_at = p_now, error = 'The lease ran out before the run ended'
  where dead.function_name = p_function and dead.outcome = 'running' and dead.lease_until <= p_now;

  if p_scheduled_at is not null then
    select called.run_id, called.outcome into v_run_id, v_outcome
    from public.job_runs as called
    where called.function_name = p_function and called.scheduled_at = p_scheduled_at
      and called.invocation_id = p_invocation_id;
    if v_run_id is null then
      return pg_catalog.jsonb_build_object('claimed', false, 'reason', 'unknown_invocation', 'run_id', null);
    end if;
    if v_outcome <> 'called' then
      return pg_catalog.jsonb_build_object('claimed', false, 'reason', 'already_claimed', 'run_id', v_run_id);
    end if;
    -- A call that pg_net delivers late: a later run has planned from newer facts.
    select newer.run_id into v_newer
    from public.job_runs as newer
    where newer.function_name = p_function and newer.scheduled_at > p_scheduled_at and newer.started_at is not null
    order by newer.scheduled_at desc
    limit 1;
    if v_newer is not null then
      update public.job_runs as called
      set outcome = 'skipped', finished_at = p_now,
        summary = pg_catalog.jsonb_build_object('reason', 'older_slot', 'newer', v_newer)
      where called.run_id = v_run_id;
      return pg_catalog.jsonb_build_object('claimed', false, 'reason', 'older_slot', 'run_id', v_newer);
    end if;
  end if;

  if not p_dry_run then
    select running.run_id into v_running
    from public.job_runs as running
    where running.function_name = p_function and running.outcome = 'running' and not running.dry_run;
    if v_running is not null then
      update public.job_runs as called
      set outcome = 'skipped', finished_at = p_now,
        summary = pg_catalog.jsonb_build_object('reason', 'overlap', 'running', v_running)
      where called.run_id = v_run_id;
      return pg_catalog.jsonb_build_object('claimed', false, 'reason', 'overlap', 'run_id', v_running);
    end if;
  end if;

  if v_run_id is null then
    insert into public.job_runs
      (function_name, caller, dry_run, outcome, called_at, started_at, lease_until)
    values (
      p_function, p_caller, p_dry_run, 'running', p_now, p_now,
      p_now + pg_catalog.make_interval(secs => p_lease_seconds)
    )
    returning run_id into v_run_id;
  else
    update public.job_runs as called
    set outcome = 'running', started_at = p_now,
      lease_until = p_now + pg_catalog.make_interval(secs => p_lease_seconds)
    where called.run_id = v_run_id;
  end if;
  return pg_catalog.jsonb_build_object('claimed', true, 'reason', 'claimed', 'run_id', v_run_id);
end;
$$;

comment on function public.claim_run(text, text, boolean, integer, timestamptz, timestamptz, text) is
  'Starts a run, or says why not: overlap (another one runs), already_claimed (this scheduled time ran), older_slot (a later one ran), unknown_invocation (cron never called it).';
revoke all on function public.claim_run(text, text, boolean, integer, timestamptz, timestamptz, text) from public, anon, authenticated, service_role;
grant execute on function public.claim_run(text, text, boolean, integer, timestamptz, timestamptz, text) to service_role;
