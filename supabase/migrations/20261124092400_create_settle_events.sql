-- Create public.open_evidence and public.settle_events: earlier events that a new identifier explains.
--
-- Events that say the same of themselves get the same verdict, so they are judged and settled as a group. What
-- the verdict is, the correlation module decides.

create function public.open_evidence(p_identifiers jsonb)
returns jsonb
language plpgsql
stable
security invoker
set search_path = ''
as $$
begin
  return (
    with touched as (
      -- What an identifier that became known can settle.
      select event.sent_at, event.event_id
      from pg_catalog.jsonb_to_recordset(p_identifiers) as identifier (kind text, value text)
      -- Mostly it is not known yet, and then thousands of open events need not be read.
      cross join lateral (
        select known.kind
        from public.schedule_identifiers as known
        where known.kind = identifier.kind and known.value = identifier.value
        limit 1
      ) as known
      cross join lateral (
        select open.sent_at, open.event_id from public.notification_sends as open
        where identifier.kind = 'dispatch_id' and open.dispatch_id = identifier.value
          and open.confidence <> 'high'
        union all
        select open.sent_at, open.event_id from public.notification_sends as open
        where identifier.kind = 'send_id' and open.send_id = identifier.value
          and open.confidence <> 'high'
        union all
        select open.sent_at, open.event_id from public.notification_sends as open
        where identifier.kind = 'schedule_id' and open.braze_schedule_id = identifier.value
          and open.confidence <> 'high'
      ) as event
      union
      -- What an identifier that became ambiguous had settled alone.
      select settled.sent_at, settled.event_id
      from pg_catalog.jsonb_to_recordset(p_identifiers) as identifier (kind text, value text, ledger_id uuid, ambiguous boolean)
      cross join lateral (
        select event.sent_at, event.event_id from public.notification_sends as event
        where identifier.ambiguous
          and event.ledger_id = identifier.ledger_id
          and event.correlation_method = identifier.kind
          and identifier.value = case identifier.kind
            when 'dispatch_id' then event.dispatch_id
            when 'send_id' then event.send_id
            else event.braze_schedule_id
          end
        -- Keeps it a look-up: a join with jsonb would read all events through.
        offset 0
      ) as settled
    )
    select coalesce(pg_catalog.jsonb_agg(pg_catalog.to_jsonb(groups)), '[]')
    from (
      select
        event.sent_at, event.time_is_send_time, event.event_type, event.channel, event.campaign_id, event.dispatch_id, event.send_id,
        event.braze_schedule_id, event.match_id, event.ledger_id, event.generation, event.correlation_method,
        event.confidence, count(*) as events
      from touched
      cross join lateral (
        select event.*
        from public.notification_sends as event
        where event.sent_at = touched.sent_at and event.event_id = touched.event_id
        limit 1
      ) as event
      where event.correlation_method <> 'test_send'
      group by
        event.sent_at, event.time_is_send_time, event.event_type, event.channel, event.campaign_id, event.dispatch_id, event.send_id,
        event.braze_schedule_id, event.match_id, event.ledger_id, event.generation, event.correlation_method,
        event.confidence
    ) as groups
  );
end;
$$;

comment on function public.open_evidence(jsonb) is
  'Groups of stored events that [{kind, value, ledger_id, ambiguous}] may settle or reopen, by what they say of themselves.';

revoke execute on function public.open_evidence(jsonb) from public;
grant execute on function public.open_evidence(jsonb) to service_role;

create function public.settle_events(p_settlements jsonb, p_proofs jsonb, p_function text, p_run_id uuid, p_now timestamptz)
returns jsonb
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  -- Named below beside each join, which would read all events through otherwise.
  v_times timestamptz[] := array(
    select distinct verdict.sent_at from pg_catalog.jsonb_to_recordset(p_settlements) as verdict (sent_at timestamptz)
  );
  v_proved_ids uuid[] := array(
    select distinct proof.ledger_id from pg_catalog.jsonb_to_recordset(p_proofs) as proof (ledger_id uuid)
  );
  v_changed integer;
  -- Ledger rows that lost events to others.
  v_left_ids uuid[];
  v_went_out jsonb := jsonb '[]';
begin
  with verdicts as (
    select verdict.*
    from pg_catalog.jsonb_to_recordset(p_settlements) as verdict (
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
      -- Somebody else may have settled it meanwhile: then theirs stands.
      and event.correlation_method = verdict.from_method
      and event.ledger_id is not distinct from verdict.from_ledger_id
      and event.generation is not distinct from verdict.from_generation
    where event.sent_at = any (v_times)
    order by event.sent_at, event.event_id
    for update of event
  ),
  settled as (
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
    from settled
    group by from_match_id, match_id, from_method, from_confidence, correlation_method, confidence
    returning id
  )
  select
    count(*),
    coalesce(
      pg_catalog.array_agg(distinct settled.from_ledger_id) filter (
        where settled.from_ledger_id is distinct from settled.ledger_id and settled.from_ledger_id is not null
      ),
      '{}'
    )
  into v_changed, v_left_ids
  from settled;

  -- Who loses evidence and who gains it, in one go and in key order: two settlements may want the same rows.
  perform 1
  from public.schedule_ledger as ledger
  where ledger.id = any (v_left_ids || v_proved_ids)
  order by ledger.id
  for no key update;
  if v_left_ids <> '{}' then
    perform private.withdraw_evidence(v_left_ids, p_function, p_run_id, p_now);
  end if;
  if p_proofs <> '[]' then
    v_went_out := private.note_evidence(p_proofs, p_now);
  end if;
  return pg_catalog.jsonb_build_object('settled', v_changed, 'went_out', v_went_out);
end;
$$;

comment on function public.settle_events(jsonb, jsonb, text, uuid, timestamptz) is
  'Carries new verdicts into the groups that open_evidence gave, logs each change, notes proofs.';

revoke execute on function public.settle_events(jsonb, jsonb, text, uuid, timestamptz) from public;
grant execute on function public.settle_events(jsonb, jsonb, text, uuid, timestamptz) to service_role;
