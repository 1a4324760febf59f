-- Turns a past ledger row to sent when its events prove that it went out.

create function public.confirm_by_events(p_ledger_ids uuid[], p_now timestamptz)
returns jsonb
language plpgsql
volatile
security invoker
set search_path = ''
set jit = off
as $$
declare
  v_proofs jsonb;
begin
  select coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
    'ledger_id', ledger.id, 'generation', event.generation, 'proof', event.proof, 'timing', event.timing,
    'dispatch_id', event.dispatch_id, 'send_id', event.send_id
  )), '[]')
  into v_proofs
  from public.schedule_ledger as ledger
  cross join lateral private.first_proof(
    ledger.id, ledger.generation, ledger.send_at_utc - interval '1 day', ledger.send_at_utc + interval '2 days'
  ) as event
  where ledger.id = any (p_ledger_ids) and ledger.status <> 'sent' and ledger.send_at_utc <= p_now
    and event.proof is not null;

  perform private.record_send_proof(v_proofs, p_now);
  return (
    select coalesce(pg_catalog.jsonb_agg(ledger.match_id order by ledger.match_id), '[]')
    from public.schedule_ledger as ledger
    join pg_catalog.jsonb_to_recordset(v_proofs) as proof (ledger_id uuid) on proof.ledger_id = ledger.id
    where ledger.id = any (p_ledger_ids) and ledger.status = 'sent'
  );
end;
$$;

comment on function public.confirm_by_events(uuid[], timestamptz) is
  'Sets past rows among p_ledger_ids to sent where events with high or medium confidence prove it; returns their match ids.';
revoke all on function public.confirm_by_events(uuid[], timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.confirm_by_events(uuid[], timestamptz) to service_role;
