-- Journals a move before Braze gets it.

create function public.open_update(
  p_attempt_id uuid,
  p_run_id uuid,
  p_lease_seconds integer,
  p_ledger_id uuid,
  p_generation integer,
  p_send_at timestamptz,
  p_request jsonb,
  p_reason text,
  p_now timestamptz
)
returns jsonb
language sql
volatile
security invoker
set search_path = ''
set jit = off
as $$
  select private.open_change(
    'update', p_attempt_id, p_run_id, p_lease_seconds, p_ledger_id, p_generation, p_send_at, p_request, p_reason, p_now
  );
$$;

comment on function public.open_update(uuid, uuid, integer, uuid, integer, timestamptz, jsonb, text, timestamptz) is
  'Journals a move of the live current generation. Raises PT409: lease_lost, not_live.';
revoke all on function public.open_update(uuid, uuid, integer, uuid, integer, timestamptz, jsonb, text, timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.open_update(uuid, uuid, integer, uuid, integer, timestamptz, jsonb, text, timestamptz) to service_role;
