-- Stores new verdicts for single events.

create function public.reattribute_single_events(
  p_reattributions jsonb,
  p_identifiers jsonb,
  p_proofs jsonb,
  p_function text,
  p_run_id uuid,
  p_now timestamptz
)
returns jsonb
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  v_changed integer;
  v_registered jsonb := jsonb '[]';
begin
  with verdicts as (
    select verdict.*
    from pg_catalog.jsonb_to_recordset(p_reattributions) as verdict (
      sent_at timestamptz, event_id text, from_method text, from_ledger_id uuid, match_id bigint, ledger_id uuid,
      generation integer, correlation_method text, confidence text, time_diff_ms bigint, candidate_count integer,
      candidate_match_ids bigint[]
    )
  ),
  locked as (
    select verdict.*, event.match_id as from_match_id, event.confidence as from_confidence
    from verdicts as verdict
    cross join lateral (
      select known.match_id, known.confidence
      from public.notification_sends as known
      where known.sent_at = verdict.sent_at and known.event_id = verdict.event_id
        -- Another request may have reattributed it meanwhile: that verdict stands.
        and known.correlation_method = verdict.from_method
        and known.ledger_id is not distinct from verdict.from_ledger_id
      for update
    ) as event
    order by verdict.sent_at, verdict.event_id
  ),
  reattributed as (
    update public.notification_sends as event
    set match_id = locked.match_id,
      ledger_id = locked.ledger_id,
      generation = locked.generation,
      correlation_method = locked.correlation_method,
      confidence = locked.confidence,
      time_diff_ms = locked.time_diff_ms,
      candidate_count = locked.candidate_count,
      candidate_match_ids = locked.candidate_match_ids
    from locked
    where event.sent_at = any (array(select verdict.sent_at from verdicts as verdict))
      and event.sent_at = locked.sent_at and event.event_id = locked.event_id
    returning event.event_id, locked.match_id, locked.from_match_id, locked.from_method, locked.from_confidence,
      locked.correlation_method, locked.confidence
  ),
  logged as (
    insert into public.scheduler_logs (logged_at, function_name, action, reason, match_id, run_id, details)
    select
      p_now, p_function, 'attribution_changed',
      from_method || ' (' || from_confidence || ') became ' || correlation_method || ' (' || confidence || ')',
      match_id, p_run_id,
      pg_catalog.jsonb_build_object(
        'from_match_id', from_match_id, 'match_id', match_id, 'events', count(*),
        'event_ids', pg_catalog.jsonb_agg(event_id order by event_id)
      )
    from reattributed
    group by from_match_id, match_id, from_method, from_confidence, correlation_method, confidence
    returning id
  )
  select count(*) into v_changed from reattributed;

  -- Ledger rows before identifiers: close_attempt takes them in this order too.
  if p_proofs <> '[]' then
    perform private.record_send_proof(p_proofs, p_now);
  end if;
  if p_identifiers <> '[]' then
    v_registered := private.register_identifiers(p_identifiers, 'event', p_now);
  end if;
  return pg_catalog.jsonb_build_object('reattributed', v_changed, 'registered', v_registered);
end;
$$;

comment on function public.reattribute_single_events(jsonb, jsonb, jsonb, text, uuid, timestamptz) is
  'Stores new verdicts for single events, logs each change, records proofs, registers identifiers; returns {reattributed, registered}.';
revoke all on function public.reattribute_single_events(jsonb, jsonb, jsonb, text, uuid, timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.reattribute_single_events(jsonb, jsonb, jsonb, text, uuid, timestamptz) to service_role;
