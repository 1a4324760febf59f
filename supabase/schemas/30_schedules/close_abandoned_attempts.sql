-- Attempts that dead runs left open become unknown.
--
-- The caller holds the lease, so the run that opened these attempts has ended between the journal and the answer. Braze may
-- have done what was asked.

create function public.close_abandoned_attempts(p_run_id uuid, p_now timestamptz)
returns jsonb
language plpgsql
volatile
security invoker
set search_path = ''
set jit = off
as $$
declare
  v_attempt public.schedule_attempts;
  v_given_up jsonb := jsonb '[]';
begin
  for v_attempt in
    select attempt.*
    from public.schedule_attempts as attempt
    join public.job_runs as run using (run_id)
    where attempt.outcome is null and attempt.run_id <> p_run_id and run.outcome <> 'running'
    order by attempt.ledger_id, attempt.opened_at
  loop
    perform public.close_attempt(
      v_attempt.id, 'unknown', pg_catalog.jsonb_build_object('detail', 'The run ended before the answer came'), p_now
    );
    v_given_up := v_given_up || pg_catalog.jsonb_build_object(
      'attempt_id', v_attempt.id, 'kind', v_attempt.kind, 'match_id', v_attempt.match_id,
      'generation', v_attempt.generation
    );
  end loop;
  return v_given_up;
end;
$$;

comment on function public.close_abandoned_attempts(uuid, timestamptz) is
  'Closes as unknown each attempt that a dead run left open; returns [{attempt_id, kind, match_id, generation}].';
revoke all on function public.close_abandoned_attempts(uuid, timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.close_abandoned_attempts(uuid, timestamptz) to service_role;
