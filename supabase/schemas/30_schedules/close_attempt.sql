-- Closes an attempt with what Braze answered.

create function public.close_attempt(p_attempt_id uuid, p_outcome text, p_result jsonb, p_now timestamptz)
returns jsonb
language plpgsql
volatile
security invoker
set search_path = ''
set jit = off
as $$
declare
  v_attempt public.schedule_attempts;
begin
  select * into strict v_attempt from public.schedule_attempts as attempt where attempt.id = p_attempt_id;
  -- Ledger row first, as everywhere; then the attempt, which a successor may have closed as abandoned.
  perform 1 from public.schedule_ledger as ledger where ledger.id = v_attempt.ledger_id for no key update;
  select * into strict v_attempt from public.schedule_attempts as attempt where attempt.id = p_attempt_id for update;

  -- A late answer may still resolve an abandoned create; moves and deletes are made again.
  if v_attempt.outcome is null
    or (v_attempt.kind = 'create' and v_attempt.outcome = 'unknown' and v_attempt.resolved_at is null) then
    perform private.apply_outcome(p_attempt_id, p_outcome, p_result, p_now);
  end if;
  return (
    select pg_catalog.jsonb_build_object('attempt_id', attempt.id, 'outcome', attempt.outcome)
    from public.schedule_attempts as attempt
    where attempt.id = p_attempt_id
  );
end;
$$;

comment on function public.close_attempt(uuid, text, jsonb, timestamptz) is
  'Closes an attempt with {http_status, detail, answer, refused}. Safe to repeat: the first known outcome stands.';
revoke all on function public.close_attempt(uuid, text, jsonb, timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.close_attempt(uuid, text, jsonb, timestamptz) to service_role;
