-- Create public.ingest_events: one webhook request becomes durable, whole, in one transaction.
--
-- Safe to repeat, in any order, also at once with its own repetition: the events' keys decide, and rows are
-- written in key order so that two such requests cannot deadlock.

create function public.ingest_events(
  p_events jsonb,
  p_rejects jsonb,
  p_identifiers jsonb,
  p_proofs jsonb,
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
  v_counts jsonb;
  v_outside jsonb;
  v_learned jsonb := jsonb '[]';
  v_went_out jsonb := jsonb '[]';
begin
  -- A webhook-channel body has no time of its own: its first telling sets it, its retries find it here. A weak
  -- identity (nothing in the body names the send) meets its retries for as long as Braze makes them, not longer.
  insert into public.event_claims as claim (event_id, sent_at, claimed_at)
  select distinct on (event.event_id) event.event_id, event.sent_at, p_now
  from pg_catalog.jsonb_to_recordset(p_events) as event (event_id text, sent_at timestamptz, claim text)
  where event.claim is not null
  order by event.event_id
  on conflict (event_id) do update
  set sent_at = excluded.sent_at, claimed_at = excluded.claimed_at
  where claim.claimed_at < p_now - interval '45 minutes'
    and exists (
      select 1
      from pg_catalog.jsonb_to_recordset(p_events) as event (event_id text, claim text)
      where event.event_id = claim.event_id and event.claim = 'weak'
    );

  with incoming as materialized (
    select event.*, coalesce(claim.sent_at, event.sent_at) as happened_at, partition.starts_at is not null as has_place
    from pg_catalog.jsonb_to_recordset(p_events) as event (
      event_id text, sent_at timestamptz, time_is_send_time boolean, claim text, event_type text, channel text, external_user_id text,
      device_id text, match_id bigint, ledger_id uuid, generation integer, braze_schedule_id text,
      campaign_id text, dispatch_id text, send_id text, correlation_method text, confidence text,
      time_diff_ms bigint, candidate_count integer, candidate_match_ids bigint[], raw_payload jsonb
    )
    left join lateral (
      select known.sent_at from public.event_claims as known
      where event.claim is not null and known.event_id = event.event_id
      limit 1
    ) as claim on true
    left join lateral (
      select existing.starts_at from private.event_partitions as existing
      where existing.starts_at <= coalesce(claim.sent_at, event.sent_at)
        and existing.ends_at > coalesce(claim.sent_at, event.sent_at)
      limit 1
    ) as partition on true
  ),
  inserted as (
    insert into public.notification_sends (
      sent_at, event_id, event_type, channel, external_user_id, device_id, match_id, ledger_id, generation,
      braze_schedule_id, campaign_id, dispatch_id, send_id, received_at, time_is_send_time, correlation_method, confidence,
      time_diff_ms, candidate_count, candidate_match_ids, raw_payload
    )
    select
      happened_at, event_id, event_type, channel, external_user_id, device_id, match_id, ledger_id, generation,
      braze_schedule_id, campaign_id, dispatch_id, send_id, p_now, time_is_send_time, correlation_method, confidence,
      time_diff_ms, candidate_count, candidate_match_ids, raw_payload
    from incoming
    where has_place
    -- Two requests that share events must take their locks in one order.
    order by happened_at, event_id
    on conflict (sent_at, event_id) do nothing
    returning event_id, match_id, correlation_method, confidence, candidate_match_ids
  ),
  logged as (
    insert into public.scheduler_logs (logged_at, function_name, action, reason, match_id, run_id, details)
    select
      p_now, 'braze-webhook', 'low_confidence_correlation', 'Matched via ' || correlation_method, match_id, p_run_id,
      pg_catalog.jsonb_build_object(
        'correlation_method', correlation_method, 'confidence', 'low', 'events', count(*),
        'event_ids', pg_catalog.jsonb_agg(event_id order by event_id),
        'candidate_match_ids', min(candidate_match_ids)
      )
    from inserted
    where confidence = 'low'
    group by match_id, correlation_method
    returning id
  )
  select
    pg_catalog.jsonb_build_object(
      'received', (select count(*) from incoming),
      'recorded', (select count(*) from inserted),
      'high', (select count(*) from inserted where confidence = 'high'),
      'medium', (select count(*) from inserted where confidence = 'medium'),
      'low', (select count(*) from inserted where confidence = 'low'),
      'unattributed', (select count(*) from inserted where confidence = 'none'),
      'outside', (select count(*) from incoming where not has_place)
    ),
    (
      select coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
        'body_base64', pg_catalog.encode(pg_catalog.convert_to(raw_payload::text, 'UTF8'), 'base64'),
        'reason', 'No partition of notification_sends holds ' || (happened_at at time zone 'utc')::text || ' UTC',
        'content_type', 'application/json'
      )), '[]')
      from incoming
      where not has_place
    )
  into v_counts, v_outside;

  if v_outside <> '[]' or p_rejects <> '[]' then
    perform private.store_rejects(p_rejects || v_outside, p_now);
  end if;
  -- Ledger rows before identifiers: close_attempt takes them in this order too.
  if p_proofs <> '[]' then
    v_went_out := private.note_evidence(p_proofs, p_now);
  end if;
  if p_identifiers <> '[]' then
    v_learned := private.learn_identifiers(p_identifiers, 'event', p_now);
  end if;

  return pg_catalog.jsonb_build_object(
    'received', (v_counts ->> 'received')::integer + pg_catalog.jsonb_array_length(p_rejects),
    'recorded', v_counts -> 'recorded',
    'duplicates', (v_counts ->> 'received')::integer - (v_counts ->> 'recorded')::integer
      - (v_counts ->> 'outside')::integer,
    'rejected', pg_catalog.jsonb_array_length(p_rejects) + (v_counts ->> 'outside')::integer,
    'high', v_counts -> 'high',
    'medium', v_counts -> 'medium',
    'low', v_counts -> 'low',
    'unattributed', v_counts -> 'unattributed',
    'learned', v_learned,
    'went_out', v_went_out
  );
end;
$$;

comment on function public.ingest_events(jsonb, jsonb, jsonb, jsonb, uuid, timestamptz) is
  'Stores the events and rejects of one request; received = recorded + duplicates + rejected. Also learns identifiers and notes proofs.';

revoke execute on function public.ingest_events(jsonb, jsonb, jsonb, jsonb, uuid, timestamptz) from public;
grant execute on function public.ingest_events(jsonb, jsonb, jsonb, jsonb, uuid, timestamptz) to service_role;
