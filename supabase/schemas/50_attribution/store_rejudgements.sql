-- Stores the verdicts of a page of load_rejudgements.

create function private.registered_identifier(p_kind text, p_ledger_id uuid, p_generation integer)
returns text
language sql
stable
security invoker
set search_path = ''
set jit = off
as $$
  select known.value
  from public.schedule_identifiers as known
  where known.ledger_id = p_ledger_id and known.kind = p_kind and known.generation = p_generation and not known.ambiguous
  -- Those of the answer of the create come first.
  order by known.source, known.value
  limit 1;
$$;

comment on function private.registered_identifier(text, uuid, integer) is
  'An identifier of this kind that belongs to this generation alone; null when there is none.';
revoke all on function private.registered_identifier(text, uuid, integer) from public, anon, authenticated, service_role;
grant execute on function private.registered_identifier(text, uuid, integer) to service_role;

create function private.revoke_send_proof(p_ledger_ids uuid[], p_function text, p_run_id uuid, p_now timestamptz)
returns void
language plpgsql
volatile
security invoker
set search_path = ''
set jit = off
as $$
begin
  perform 1
  from public.schedule_ledger as ledger
  where ledger.id = any (p_ledger_ids)
  order by ledger.id
  for no key update;

  with unproved as (
    select schedule.ledger_id, schedule.generation
    from public.braze_schedules as schedule
    where schedule.ledger_id = any (p_ledger_ids) and schedule.first_event_at is not null
      and not private.is_proved_by_events(schedule.ledger_id, schedule.generation)
  ),
  restored as (
    update public.braze_schedules as schedule
    set first_event_at = null,
      state = coalesce(schedule.state_before_proof, schedule.state),
      state_before_proof = null,
      updated_at = p_now
    from unproved
    where schedule.ledger_id = unproved.ledger_id and schedule.generation = unproved.generation
    returning schedule.ledger_id, schedule.generation
  ),
  reopened as (
    update public.schedule_attempts as attempt
    set resolved_at = null, resolved_as = null
    from restored
    where attempt.ledger_id = restored.ledger_id and attempt.generation = restored.generation
      and attempt.kind = 'create' and attempt.resolved_as = 'proved_by_events'
      -- While one create may have happened, there is no second one.
      and not exists (
        select 1
        from public.schedule_attempts as other
        where other.ledger_id = attempt.ledger_id and other.kind = 'create' and other.resolved_at is null
          and (other.outcome is null or other.outcome = 'unknown')
      )
    returning attempt.id
  )
  -- The alert was about the push of another match.
  update public.alerts as open
  set resolved_at = p_now, details = open.details || jsonb '{"no_longer_seen": true}'
  from restored
  join public.schedule_ledger as ledger on ledger.id = restored.ledger_id
  where open.resolved_at is null
    and open.fingerprint = 'unexpected_send:' || ledger.match_id || ':' || restored.generation;

  with unproved as (
    select ledger.id, event.proof::text
    from public.schedule_ledger as ledger
    cross join lateral private.first_proof(ledger.id, ledger.generation, '-infinity', 'infinity') as event
    where ledger.id = any (p_ledger_ids)
      and ledger.status = 'sent' and ledger.sent_evidence in ('push', 'webhook')
      and event.proof::text is distinct from ledger.sent_evidence
  ),
  reverted as (
    update public.schedule_ledger as ledger
    set status = case
        when unproved.proof is not null then ledger.status
        when ledger.cancel_reason_before_proof is not null then 'cancelled'
        else 'pending'
      end,
      cancel_reason = case when unproved.proof is null then ledger.cancel_reason_before_proof end,
      cancel_reason_before_proof = case when unproved.proof is not null then ledger.cancel_reason_before_proof end,
      sent_confirmed_at = case when unproved.proof is not null then ledger.sent_confirmed_at end,
      sent_evidence = unproved.proof,
      -- A move that succeeded meanwhile did not change the time of a row that was sent.
      send_at_utc = case when unproved.proof is null then coalesce(
        (
          select schedule.send_at_utc
          from public.braze_schedules as schedule
          where schedule.ledger_id = ledger.id and schedule.generation = ledger.generation
        ),
        ledger.send_at_utc
      ) else ledger.send_at_utc end,
      -- The events may have brought ids of another match.
      dispatch_id = private.registered_identifier('dispatch_id', ledger.id, ledger.generation),
      send_id = case
        when private.match_of_send_id(ledger.send_id) is not null then ledger.send_id
        else private.registered_identifier('send_id', ledger.id, ledger.generation)
      end,
      updated_at = p_now
    from unproved
    where ledger.id = unproved.id
    returning ledger.match_id, ledger.generation, ledger.status
  )
  insert into public.scheduler_logs (logged_at, function_name, action, reason, match_id, run_id, details)
  select
    p_now, p_function, 'sent_reverted', 'No event proves it for certain any more', reverted.match_id,
    p_run_id, pg_catalog.jsonb_build_object('generation', reverted.generation, 'status', reverted.status)
  from reverted
  where reverted.status <> 'sent';
end;
$$;

comment on function private.revoke_send_proof(uuid[], text, uuid, timestamptz) is
  'Restores what record_send_proof changed, for ledger rows and generations that no event proves any more; logged as sent_reverted.';
revoke all on function private.revoke_send_proof(uuid[], text, uuid, timestamptz) from public, anon, authenticated, service_role;
grant execute on function private.revoke_send_proof(uuid[], text, uuid, timestamptz) to service_role;

create function public.store_rejudgements(
  p_ids bigint[],
  p_verdicts jsonb,
  p_identifiers jsonb,
  p_function text,
  p_run_id uuid,
  p_now timestamptz,
  p_after_sent_at timestamptz default null,
  p_after_event_id text default null,
  p_started_at timestamptz default null
)
returns integer
language plpgsql
volatile
security invoker
set search_path = ''
set jit = off
as $$
declare
  v_times timestamptz[] := array(
    select distinct verdict.sent_at from pg_catalog.jsonb_to_recordset(p_verdicts) as verdict (sent_at timestamptz)
  );
  v_changed integer;
  v_lost_ids uuid[];
  v_gained_ids uuid[];
  v_proved_ids uuid[];
  v_untimely_ids uuid[];
  v_proofs jsonb;
  v_proven_ids uuid[];
begin
  perform pg_catalog.pg_advisory_xact_lock_shared(pg_catalog.hashtextextended('judge_events', 0));

  with verdicts as (
    select verdict.*
    from pg_catalog.jsonb_to_recordset(p_verdicts) as verdict (
      sent_at timestamptz, event_id text, from_method public.correlation_method, from_ledger_id uuid, from_generation integer,
      from_timing public.send_timing, match_id bigint, ledger_id uuid, generation integer,
      correlation_method public.correlation_method, confidence public.confidence, timing public.send_timing,
      proof public.send_proof, time_diff_ms bigint, candidate_count integer, candidate_match_ids bigint[]
    )
    -- Two runs that judge the same events take their locks in one order.
    order by verdict.sent_at, verdict.event_id
  ),
  judged as (
    update public.notification_sends as event
    set match_id = verdict.match_id,
      ledger_id = verdict.ledger_id,
      generation = verdict.generation,
      correlation_method = verdict.correlation_method,
      confidence = verdict.confidence,
      timing = verdict.timing,
      proof = verdict.proof,
      time_diff_ms = verdict.time_diff_ms,
      candidate_count = verdict.candidate_count,
      candidate_match_ids = verdict.candidate_match_ids
    from verdicts as verdict
    where event.sent_at = any (v_times)
      and event.sent_at = verdict.sent_at and event.event_id = verdict.event_id
      -- Another run may have judged it meanwhile: its verdict stands.
      and event.correlation_method = verdict.from_method
      and event.ledger_id is not distinct from verdict.from_ledger_id
      and event.generation is not distinct from verdict.from_generation
      and event.timing is not distinct from verdict.from_timing
    returning event.event_id, event.match_id, event.ledger_id, event.generation, event.correlation_method, event.confidence,
      event.timing, event.proof, event.dispatch_id, event.send_id,
      verdict.from_method, verdict.from_ledger_id, verdict.from_timing
  ),
  logged as (
    insert into public.scheduler_logs (logged_at, function_name, action, reason, match_id, run_id, details)
    select
      p_now, p_function, 'attribution_changed',
      judged.from_method || ' became ' || judged.correlation_method || ' (' || judged.confidence || ')',
      judged.match_id, p_run_id,
      pg_catalog.jsonb_build_object(
        'from_match_id', (
          select ledger.match_id from public.schedule_ledger as ledger where ledger.id = judged.from_ledger_id
        ),
        'match_id', judged.match_id, 'events', count(*),
        'event_ids', pg_catalog.to_jsonb((pg_catalog.array_agg(judged.event_id order by judged.event_id))[1:20])
      )
    from judged
    group by judged.from_ledger_id, judged.match_id, judged.from_method, judged.correlation_method, judged.confidence
    returning id
  )
  select
    count(*),
    coalesce(pg_catalog.array_agg(distinct judged.from_ledger_id) filter (where judged.from_ledger_id is not null), '{}'),
    pg_catalog.array_agg(distinct judged.ledger_id),
    coalesce(
      pg_catalog.array_agg(distinct judged.ledger_id) filter (where judged.timing in ('early', 'late')), '{}'
    ) || coalesce(
      pg_catalog.array_agg(distinct judged.from_ledger_id) filter (where judged.from_timing in ('early', 'late')), '{}'
    ),
    coalesce(pg_catalog.jsonb_agg(distinct pg_catalog.jsonb_build_object(
      'ledger_id', judged.ledger_id, 'generation', judged.generation, 'proof', judged.proof, 'timing', judged.timing,
      'dispatch_id', judged.dispatch_id, 'send_id', judged.send_id
    )) filter (where judged.proof is not null), '[]')
  into v_changed, v_lost_ids, v_gained_ids, v_untimely_ids, v_proofs
  from judged;

  -- A request that found its row proven already may have stored its proof while the row lost it.
  v_proven_ids := array(
    select change.value::uuid from private.rejudgements as change where change.id = any (p_ids) and change.kind = 'proof'
  );
  if v_proven_ids <> '{}' then
    v_proofs := v_proofs || coalesce((
      select pg_catalog.jsonb_agg(distinct pg_catalog.jsonb_build_object(
        'ledger_id', event.ledger_id, 'generation', event.generation, 'proof', event.proof, 'timing', event.timing
      ))
      from public.notification_sends as event
      where event.ledger_id = any (v_proven_ids) and event.proof is not null
    ), '[]');
  end if;

  v_proved_ids := array(
    select distinct proof.ledger_id from pg_catalog.jsonb_to_recordset(v_proofs) as proof (ledger_id uuid)
  );
  -- Losing and gaining rows together, in key order: two runs may need the same rows.
  perform 1
  from public.schedule_ledger as ledger
  where ledger.id = any (v_lost_ids || v_proved_ids)
  order by ledger.id
  for no key update;
  if v_lost_ids <> '{}' then
    perform private.revoke_send_proof(v_lost_ids, p_function, p_run_id, p_now);
    insert into private.rejudgements (kind, value, changed_at)
    select 'proof', lost.ledger_id, p_now from pg_catalog.unnest(v_lost_ids) as lost (ledger_id);
  end if;
  if v_proofs <> '[]' then
    perform private.record_send_proof(v_proofs, p_now);
  end if;
  if p_identifiers <> '[]' then
    perform private.register_identifiers(p_identifiers, 'event', p_now);
  end if;
  if v_untimely_ids <> '{}' then
    perform private.raise_untimely_sends(v_untimely_ids, p_now);
  end if;
  perform private.mark_recount(v_lost_ids || v_gained_ids, p_now);

  if p_after_sent_at is not null then
    update private.rejudgements as change
    set after_sent_at = p_after_sent_at, after_event_id = p_after_event_id, claimed_until = null
    where change.id = any (p_ids) and change.started_at is not distinct from coalesce(p_started_at, change.started_at)
      -- A slower run that stored the same page does not lead back.
      and (change.after_sent_at is null
        or (change.after_sent_at, change.after_event_id) < (p_after_sent_at, p_after_event_id));
  else
    -- A slow run must not end a judging that began after its own.
    delete from private.rejudgements as change
    where change.id = any (p_ids) and change.started_at is not distinct from coalesce(p_started_at, change.started_at)
      and change.started_at >= change.changed_at + interval '1 minute';
    update private.rejudgements as change
    set judged_at = p_now, started_at = null, after_sent_at = null, after_event_id = null, claimed_until = null
    where change.id = any (p_ids) and change.started_at is not distinct from coalesce(p_started_at, change.started_at);
  end if;
  return v_changed;
end;
$$;

comment on function public.store_rejudgements(bigint[], jsonb, jsonb, text, uuid, timestamptz, timestamptz, text, timestamptz) is
  'Stores new verdicts of the events of load_rejudgements, logs each change, records and revokes proofs, registers identifiers. p_after_*: the last event of the page, null when there is none after it. p_started_at: as load_rejudgements returned it. Returns how many changed.';
revoke all on function public.store_rejudgements(bigint[], jsonb, jsonb, text, uuid, timestamptz, timestamptz, text, timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.store_rejudgements(bigint[], jsonb, jsonb, text, uuid, timestamptz, timestamptz, text, timestamptz) to service_role;
