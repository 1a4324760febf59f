-- Journals the creation of a send id before Braze gets it.

create function public.open_send_id(
  p_attempt_id uuid,
  p_run_id uuid,
  p_lease_seconds integer,
  p_match_id bigint,
  p_request jsonb,
  p_now timestamptz
)
returns jsonb
language plpgsql
volatile
security invoker
set search_path = ''
set jit = off
as $$
begin
  if exists (select 1 from public.schedule_attempts as attempt where attempt.id = p_attempt_id) then
    return pg_catalog.jsonb_build_object('attempt_id', p_attempt_id, 'request', p_request);
  end if;
  perform private.hold_lease(p_run_id, p_lease_seconds, p_now);
  insert into public.schedule_attempts (id, run_id, kind, reason, match_id, request, opened_at)
  values (p_attempt_id, p_run_id, 'send_id', 'plan', p_match_id, p_request, p_now);
  return pg_catalog.jsonb_build_object('attempt_id', p_attempt_id, 'request', p_request);
end;
$$;

comment on function public.open_send_id(uuid, uuid, integer, bigint, jsonb, timestamptz) is
  'Journals the creation of a send id, which counts against Braze''s 100 a day. Raises PT409 lease_lost.';
revoke all on function public.open_send_id(uuid, uuid, integer, bigint, jsonb, timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.open_send_id(uuid, uuid, integer, bigint, jsonb, timestamptz) to service_role;
