-- Stores one audit, once, however often its answer is lost.

create function public.record_audit(p_audit jsonb, p_run_id uuid, p_now timestamptz)
returns boolean
language plpgsql
volatile
security invoker
set search_path = ''
set jit = off
as $$
begin
  insert into public.count_audit_logs
    (run_id, checked_at, listing_mode, ledger_pending, braze_actual, status, missing_in_braze, extra_in_braze,
    expected_next_send, listed_next_send, next_send_agrees)
  select
    p_run_id, p_now, audit.listing_mode, audit.ledger_pending, audit.braze_actual, audit.status,
    audit.missing_in_braze, audit.extra_in_braze, audit.expected_next_send, audit.listed_next_send, audit.next_send_agrees
  from pg_catalog.jsonb_to_record(p_audit) as audit (
    listing_mode text, ledger_pending integer, braze_actual integer, status text,
    missing_in_braze jsonb, extra_in_braze jsonb,
    expected_next_send timestamptz, listed_next_send timestamptz, next_send_agrees boolean
  )
  on conflict (run_id) do nothing;
  return found;
end;
$$;

comment on function public.record_audit(jsonb, uuid, timestamptz) is
  'Stores {listing_mode, ledger_pending, braze_actual, status, missing_in_braze, extra_in_braze, expected_next_send, listed_next_send, next_send_agrees}; false when the run has stored its audit.';
revoke all on function public.record_audit(jsonb, uuid, timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.record_audit(jsonb, uuid, timestamptz) to service_role;
