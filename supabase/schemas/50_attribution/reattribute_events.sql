-- Stores new verdicts for the groups of load_affected_events.

create function private.revoke_send_proof(p_ledger_ids uuid[], p_function text, p_run_id uuid, p_now timestamptz)
returns void
language plpgsql
volatile
security invoker
set search_path = ''
as $$
begin
  perform 1
  from public.schedule_ledger as ledger
  where ledger.id = any (p_ledger_ids)
  order by ledger.id
  for no key update;

  with withdrawn as (
    update public.schedule_ledger as ledger
    set status = 'pending', sent_confirmed_at = null, sent_evidence = null, updated_at = p_now
    where ledger.id = any (p_ledger_ids)
      and ledger.status = 'sent'
      and ledger.sent_evidence in ('push', 'webhook')
      and not exists (
        select 1
        from public.notification_sends as event
        where event.ledger_id = ledger.id and event.generation = ledger.generation
          and event.confidence in ('high', 'medium')
          and (
            (event.channel = 'push' and event.event_type in ('send', 'open'))
            or (event.channel = 'webhook' and event.event_type = 'send')
          )
      )
    returning ledger.id, ledger.match_id, ledger.generation
  ),
  unseen as (
    update public.braze_schedules as schedule
    set first_event_at = null, updated_at = p_now
    from withdrawn
    where schedule.ledger_id = withdrawn.id and schedule.generation = withdrawn.generation
    returning schedule.ledger_id
  )
  insert into public.scheduler_logs (logged_at, function_name, action, reason, match_id, run_id, details)
  select
    p_now, p_function, 'sent_reverted', 'The events that proved it belong to another match', withdrawn.match_id,
    p_run_id, pg_catalog.jsonb_build_object('generation', withdrawn.generation)
  from withdrawn;
end;
$$;

comment on function private.revoke_send_proof(uuid[], text, uuid, timestamptz) is
  'Reverts sent ledger rows that no event proves any more to pending; logged as sent_reverted.';
revoke all on function private.revoke_send_proof(uuid[], text, uuid, timestamptz) from public, anon, authenticated, service_role;
grant execute on function private.revoke_send_proof(uuid[], text, uuid, timestamptz) to service_role;

create function public.reattribute_events(p_reattributions jsonb, p_proofs jsonb, p_function text, p_run_id uuid, p_now timestamptz)
returns jsonb
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  -- Listed as arrays, since a plain join would read all events.
  v_times timestamptz[] := array(
    select distinct verdict.sent_at from pg_catalog.jsonb_to_recordset(p_reattributions) as verdict (sent_at timestamptz)
  );
  v_proved_ids uuid[] := array(
    select distinct proof.ledger_id from pg_catalog.jsonb_to_recordset(p_proofs) as proof (ledger_id uuid)
  );
  v_changed integer;
  -- Ledger rows that lose events.
  v_left_ids uuid[];
begin
  with verdicts as (
    select verdict.*
    from pg_catalog.jsonb_to_recordset(p_reattributions) as verdict (
      sent_at timestamptz, time_is_send_time boolean, event_type text, channel text, campaign_id text,
      dispatch_id text, send_id text, braze_schedule_id text, from_method text, from_ledger_id uuid,
      from_generation integer, match_id bigint, ledger_id uuid, generation integer,
      correlation_method text, confidence text, time_diff_ms bigint, candidate_count integer,
      candidate_match_ids bigint[]
    )
  ),
  locked as (
    select event.sent_at, event.event_id, verdict.match_id, verdict.ledger_id, verdict.generation,
      verdict.correlation_method, verdict.confidence, verdict.time_diff_ms, verdict.candidate_count,
      verdict.candidate_match_ids, event.correlation_method as from_method, event.confidence as from_confidence,
      event.match_id as from_match_id, event.ledger_id as from_ledger_id
    from verdicts as verdict
    join public.notification_sends as event
      on event.sent_at = verdict.sent_at
      and event.event_type = verdict.event_type
      and event.channel = verdict.channel
      and event.campaign_id is not distinct from verdict.campaign_id
      and event.dispatch_id is not distinct from verdict.dispatch_id
      and event.send_id is not distinct from verdict.send_id
      and event.braze_schedule_id is not distinct from verdict.braze_schedule_id
      and event.time_is_send_time = verdict.time_is_send_time
      -- Another request may have reattributed it meanwhile: that verdict stands.
      and event.correlation_method = verdict.from_method
      and event.ledger_id is not distinct from verdict.from_ledger_id
      and event.generation is not distinct from verdict.from_generation
    where event.sent_at = any (v_times)
    order by event.sent_at, event.event_id
    for update of event
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
    where event.sent_at = any (v_times)
      and event.sent_at = locked.sent_at and event.event_id = locked.event_id
    returning event.event_id, locked.match_id, locked.from_match_id, locked.ledger_id, locked.from_ledger_id,
      locked.from_method, locked.from_confidence, locked.correlation_method, locked.confidence
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
  select
    count(*),
    coalesce(
      pg_catalog.array_agg(distinct reattributed.from_ledger_id) filter (
        where reattributed.from_ledger_id is distinct from reattributed.ledger_id and reattributed.from_ledger_id is not null
      ),
      '{}'
    )
  into v_changed, v_left_ids
  from reattributed;

  -- Lock losing and gaining rows together, in key order: two reattributions may need the same rows.
  perform 1
  from public.schedule_ledger as ledger
  where ledger.id = any (v_left_ids || v_proved_ids)
  order by ledger.id
  for no key update;
  if v_left_ids <> '{}' then
    perform private.revoke_send_proof(v_left_ids, p_function, p_run_id, p_now);
  end if;
  if p_proofs <> '[]' then
    perform private.record_send_proof(p_proofs, p_now);
  end if;
  return pg_catalog.jsonb_build_object('reattributed', v_changed);
end;
$$;

comment on function public.reattribute_events(jsonb, jsonb, text, uuid, timestamptz) is
  'Stores new verdicts for the groups of load_affected_events, logs each change, records proofs.';
revoke all on function public.reattribute_events(jsonb, jsonb, text, uuid, timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.reattribute_events(jsonb, jsonb, text, uuid, timestamptz) to service_role;
