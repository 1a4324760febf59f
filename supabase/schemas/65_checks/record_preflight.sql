-- Stores what the check before the send found, and its consequence, in one transaction.
--
-- A result without its consequence would never be repaired: a send that counts as checked is not checked again.

create function public.record_preflight(p_checks jsonb, p_note text, p_now timestamptz)
returns jsonb
language plpgsql
volatile
security invoker
set search_path = ''
set jit = off
as $$
declare
  v_ledger_ids uuid[] := array(
    select distinct checked.ledger_id from pg_catalog.jsonb_to_recordset(p_checks) as checked (ledger_id uuid)
  );
begin
  perform 1
  from public.schedule_ledger as ledger
  where ledger.id = any (v_ledger_ids)
  order by ledger.id
  for no key update;

  perform private.register_identifiers(coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
    'kind', listed.kind, 'value', listed.value, 'ledger_id', checked.ledger_id, 'generation', checked.generation
  )), '[]'), 'preflight', p_now)
  from pg_catalog.jsonb_to_recordset(p_checks) as checked (
    ledger_id uuid, generation integer, dispatch_id text, send_id text
  )
  cross join lateral (
    values ('dispatch_id', checked.dispatch_id), ('send_id', checked.send_id)
  ) as listed (kind, value)
  where listed.value is not null;

  update public.schedule_ledger as ledger
  set preflight_at = p_now,
    preflight_result = checked.result,
    dispatch_id = coalesce(ledger.dispatch_id, (
      select known.value
      from public.schedule_identifiers as known
      where known.kind = 'dispatch_id' and known.value = checked.dispatch_id
        and known.ledger_id = ledger.id and not known.ambiguous
    )),
    send_id = coalesce(ledger.send_id, case private.own_send_id(ledger.match_id, ledger.intent) when checked.send_id then checked.send_id end, (
      select known.value
      from public.schedule_identifiers as known
      where known.kind = 'send_id' and known.value = checked.send_id
        and known.ledger_id = ledger.id and not known.ambiguous
    )),
    updated_at = p_now
  from pg_catalog.jsonb_to_recordset(p_checks) as checked (
    ledger_id uuid, generation integer, result text, dispatch_id text, send_id text
  )
  where ledger.id = any (v_ledger_ids) and ledger.id = checked.ledger_id
    -- The row may have changed since the check.
    and ledger.generation = checked.generation and ledger.status = 'pending';

  perform public.cancel_absent(absent.ledger_id, absent.generation, p_note, p_now)
  from (
    select checked.ledger_id, checked.generation
    from pg_catalog.jsonb_to_recordset(p_checks) as checked (ledger_id uuid, generation integer, result text)
    join public.schedule_ledger as ledger on ledger.id = checked.ledger_id
    where ledger.id = any (v_ledger_ids) and checked.result = 'absent'
      and ledger.generation = checked.generation and ledger.status = 'pending'
    order by checked.ledger_id
  ) as absent;

  return coalesce((
    select pg_catalog.jsonb_agg(ledger.match_id order by ledger.match_id)
    from public.schedule_ledger as ledger
    where ledger.id = any (v_ledger_ids) and ledger.status = 'cancelled'
      and ledger.preflight_result = 'absent' and ledger.preflight_at = p_now
  ), '[]');
end;
$$;

comment on function public.record_preflight(jsonb, text, timestamptz) is
  'Takes [{ledger_id, generation, result, dispatch_id, send_id}]: stores results, registers identifiers, cancels absent schedules; returns the ids of their matches.';
revoke all on function public.record_preflight(jsonb, text, timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.record_preflight(jsonb, text, timestamptz) to service_role;
