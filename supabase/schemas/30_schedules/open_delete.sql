-- Journals a delete before Braze gets it.

create function public.open_delete(
  p_attempt_id uuid,
  p_run_id uuid,
  p_lease_seconds integer,
  p_ledger_id uuid,
  p_generation integer,
  p_request jsonb,
  p_reason text,
  p_now timestamptz,
  p_of_cancelled boolean default false
)
returns jsonb
language sql
volatile
security invoker
set search_path = ''
set jit = off
as $$
  select private.open_change(
    'delete', p_attempt_id, p_run_id, p_lease_seconds, p_ledger_id, p_generation, null, p_request, p_reason, p_now,
    p_of_cancelled
  );
$$;

comment on function public.open_delete(uuid, uuid, integer, uuid, integer, jsonb, text, timestamptz, boolean) is
  'Journals a delete of one generation. p_of_cancelled: since its row was cancelled, so not if that is pending again. Raises PT409: lease_lost, not_cancelled, not_live.';
revoke all on function public.open_delete(uuid, uuid, integer, uuid, integer, jsonb, text, timestamptz, boolean) from public, anon, authenticated, service_role;
grant execute on function public.open_delete(uuid, uuid, integer, uuid, integer, jsonb, text, timestamptz, boolean) to service_role;
