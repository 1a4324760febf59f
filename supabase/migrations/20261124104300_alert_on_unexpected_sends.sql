-- Let a send that nobody wanted raise its alert in the very transaction that notes it.
--
-- It is seen once only: the first event that proves it. An alert that was raised by the function afterwards would be
-- lost with a function that died in between, since the repeated request finds nothing new.

alter function private.note_evidence(jsonb, timestamptz) rename to apply_evidence;
comment on function private.apply_evidence(jsonb, timestamptz) is
  'Takes [{ledger_id, generation, proof: push | webhook, dispatch_id, send_id}]; returns each generation seen to go out for the first time. Called by note_evidence.';

create function private.note_evidence(p_proofs jsonb, p_now timestamptz)
returns jsonb
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  v_went_out jsonb := private.apply_evidence(p_proofs, p_now);
  v_alerts jsonb;
begin
  -- The hot path ends here: but for one event of each schedule there is nothing new.
  if v_went_out = '[]' then
    return v_went_out;
  end if;

  select pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
    'fingerprint', 'went_out_unexpectedly:' || seen.match_id || ':' || seen.generation,
    'rule', 'went_out_unexpectedly',
    'severity', 'critical',
    'audience', 'admin',
    'title', 'Match ' || seen.match_id || ': '
      || case
        when seen.generation <> seen.current_generation then 'an old schedule was sent'
        when seen.state_before in ('deleted', 'deleting') then 'sent although it was deleted'
        else 'sent although it was cancelled'
      end
      || ' (schedule ' || seen.generation || ')',
    'details', pg_catalog.jsonb_build_object(
      'generation', seen.generation,
      'current_generation', seen.current_generation,
      'state_before', seen.state_before
    ),
    'match_id', seen.match_id
  ))
  into v_alerts
  from pg_catalog.jsonb_to_recordset(v_went_out) as seen (
    match_id bigint, generation integer, current_generation integer, state_before text, was_cancelled boolean
  )
  where seen.generation <> seen.current_generation
    or seen.state_before in ('deleted', 'deleting')
    or seen.was_cancelled;

  if v_alerts is not null then
    perform public.raise_alerts(v_alerts, p_now);
  end if;
  return v_went_out;
end;
$$;

comment on function private.note_evidence(jsonb, timestamptz) is
  'Takes [{ledger_id, generation, proof: push | webhook, dispatch_id, send_id}]; returns each generation seen to go out for the first time, and alerts on those that nobody wanted.';

revoke execute on function private.note_evidence(jsonb, timestamptz) from public;
grant execute on function private.note_evidence(jsonb, timestamptz) to service_role;
