-- A run records how it ended.

create function public.finish_run(
  p_run_id uuid,
  p_outcome text,
  p_summary jsonb,
  p_now timestamptz,
  p_error text default null
)
returns jsonb
language plpgsql
volatile
security invoker
set search_path = ''
set jit = off
as $$
declare
  v_outcome text;
begin
  -- A run that outlived its lease stays lost, since its successor may have started.
  update public.job_runs as run
  set outcome = case run.outcome when 'lost' then 'lost' else p_outcome end,
    finished_at = p_now,
    summary = p_summary,
    error = coalesce(p_error, run.error)
  where run.run_id = p_run_id and run.outcome in ('running', 'lost')
  returning run.outcome into v_outcome;
  return pg_catalog.jsonb_build_object('run_id', p_run_id, 'outcome', v_outcome);
end;
$$;

comment on function public.finish_run(uuid, text, jsonb, timestamptz, text) is
  'Ends a run with its outcome (succeeded, partial, failed, skipped) and summary. Safe to repeat.';
revoke all on function public.finish_run(uuid, text, jsonb, timestamptz, text) from public, anon, authenticated, service_role;
grant execute on function public.finish_run(uuid, text, jsonb, timestamptz, text) to service_role;
