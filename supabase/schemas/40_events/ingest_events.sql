-- Stores one webhook request, whole, in one transaction.
--
-- Safe to repeat, in any order, also concurrently with its own repetition: the keys of the events decide, and rows are
-- written in key order so that two such requests cannot deadlock. Data of erased people is anonymised first; while
-- no person is erased, that costs one look-up. A body that is stored only in part may be kept under the digest of the
-- received bytes: then the same bytes find what an erasure left of them.

create function private.anonymise_rejects(p_rejects jsonb, p_now timestamptz)
returns jsonb
language plpgsql
volatile
security invoker
set search_path = ''
set jit = off
as $$
declare
  v_rejects jsonb;
  v_digests bytea[];
begin
  with cleaned as materialized (
    select
      told.reject,
      told.place,
      came.digest,
      -- A body that is not JSON is identified by its bytes.
      coalesce(anonymous.body, case when stone.digest is not null then pg_catalog.convert_to('{"erased": true}', 'UTF8') end) as body,
      anonymous.tombstones,
      anonymous.found_names
    from pg_catalog.jsonb_array_elements(p_rejects) with ordinality as told (reject, place)
    cross join lateral (
      select bytes.body, private.digest_of_bytes(bytes.body) as digest
      from (select pg_catalog.decode(told.reject ->> 'body_base64', 'base64') as body) as bytes
    ) as came
    left join lateral (
      select known.digest from private.erased_events as known where known.digest = came.digest limit 1
    ) as stone on true
    cross join lateral private.anonymise_body(came.body, null, null, null, p_now) as anonymous
  )
  select
    pg_catalog.jsonb_agg(
      case
        when cleaned.body is null then cleaned.reject
        else cleaned.reject || pg_catalog.jsonb_build_object(
          'body_base64', pg_catalog.encode(cleaned.body, 'base64'),
          'digest', pg_catalog.encode(cleaned.digest, 'hex'),
          'reason', private.anonymise_text(cleaned.reject ->> 'reason', cleaned.found_names)
        )
      end
      order by cleaned.place
    ),
    (
      select pg_catalog.array_agg(stone.digest)
      from cleaned
      cross join lateral pg_catalog.unnest(cleaned.tombstones || cleaned.digest) as stone (digest)
      where cleaned.body is not null
    )
  into v_rejects, v_digests
  from cleaned;

  insert into private.erased_events (digest, erased_at)
  select distinct told.digest, p_now from pg_catalog.unnest(v_digests) as told (digest) order by told.digest
  on conflict (digest) do nothing;
  return coalesce(v_rejects, '[]');
end;
$$;

comment on function private.anonymise_rejects(jsonb, timestamptz) is
  'Rejects in the shape of ingest_events, anonymised where they are JSON and name an erased person.';
revoke all on function private.anonymise_rejects(jsonb, timestamptz) from public, anon, authenticated, service_role;
grant execute on function private.anonymise_rejects(jsonb, timestamptz) to service_role;

create function private.known_media_type(p_content_type text)
returns text
language sql
immutable
security invoker
set search_path = ''
as $$
  select case
    when p_content_type is null then null
    when told.media_type in (
      'application/json', 'application/x-ndjson', 'application/octet-stream', 'application/x-www-form-urlencoded',
      'application/gzip', 'multipart/form-data', 'text/plain', 'text/csv', 'text/html', 'text/xml', 'application/xml'
    ) then told.media_type
    else 'other'
  end
  from (select pg_catalog.lower(pg_catalog.btrim(pg_catalog.split_part(p_content_type, ';', 1)))) as told (media_type);
$$;

comment on function private.known_media_type(text) is
  'The media type without its parameters; "other" where it is not a usual one: a sender may write anything there, also the name of a person.';
revoke all on function private.known_media_type(text) from public, anon, authenticated, service_role;
grant execute on function private.known_media_type(text) to service_role;

create function private.store_rejects(p_rejects jsonb, p_now timestamptz)
returns void
language sql
volatile
security invoker
set search_path = ''
set jit = off
as $$
  insert into public.webhook_rejects as known
    (digest, body, reason, content_type, first_received_at, last_received_at, occurrences)
  select
    digest, (pg_catalog.array_agg(told.body))[1], min(told.reason), min(told.content_type), p_now, p_now, count(*)
  from (
    select
      coalesce(
        pg_catalog.decode(reject.digest, 'hex'), pg_catalog.sha256(pg_catalog.decode(reject.body_base64, 'base64'))
      ) as digest,
      pg_catalog.decode(reject.body_base64, 'base64') as body,
      reject.reason,
      private.known_media_type(reject.content_type) as content_type
    from pg_catalog.jsonb_to_recordset(p_rejects) as reject (body_base64 text, digest text, reason text, content_type text)
  ) as told
  group by digest
  order by digest
  on conflict (digest) do update
  set last_received_at = excluded.last_received_at,
    occurrences = known.occurrences + excluded.occurrences,
    reason = excluded.reason;
$$;

comment on function private.store_rejects(jsonb, timestamptz) is
  'Keeps [{body_base64, reason, content_type}]; the same content increases a count instead of adding a row. digest, if given, is the key of the body.';
revoke all on function private.store_rejects(jsonb, timestamptz) from public, anon, authenticated, service_role;
grant execute on function private.store_rejects(jsonb, timestamptz) to service_role;

create function private.store_events(p_events jsonb, p_rejects jsonb, p_known integer, p_run_id uuid, p_now timestamptz)
returns jsonb
language plpgsql
volatile
security invoker
set search_path = ''
set jit = off
as $$
declare
  v_counts jsonb;
  v_outside jsonb;
  v_proofs jsonb;
  v_identifiers jsonb;
  v_untimely_ids uuid[];
  v_registered integer := 0;
  v_received integer;
  v_duplicates integer;
  v_rejected integer;
begin
  if p_events @? '$[*].claim ? (@ != null)' then
    perform private.claim_event_times(p_events, p_now);
  end if;

  with incoming as materialized (
    select event.*, coalesce(claim.sent_at, event.sent_at) as happened_at, partition.starts_at is not null as has_place
    from pg_catalog.jsonb_to_recordset(p_events) as event (
      event_id text, sent_at timestamptz, time_kind public.time_kind, claim text, event_type text, channel text,
      external_user_id text, braze_user_id text, device_id text, campaign_id text, canvas_id text, braze_schedule_id text, send_id text,
      dispatch_id text, echoed_ledger_id text, echoed_match_id text, echoed_generation text, echoed_attempt_id text,
      has_foreign_extras boolean, match_id bigint, ledger_id uuid, generation integer,
      correlation_method public.correlation_method, confidence public.confidence, timing public.send_timing,
      proof public.send_proof, time_diff_ms bigint, candidate_count integer, candidate_match_ids bigint[], identifiers jsonb, raw_payload jsonb
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
      sent_at, event_id, event_type, channel, time_kind, external_user_id, braze_user_id, device_id, campaign_id, canvas_id,
      braze_schedule_id, send_id, dispatch_id, echoed_ledger_id, echoed_match_id, echoed_generation, echoed_attempt_id,
      has_foreign_extras, received_at, raw_payload, match_id, ledger_id, generation, correlation_method, confidence, timing,
      proof, time_diff_ms, candidate_count, candidate_match_ids
    )
    select
      happened_at, event_id, event_type, channel, time_kind, external_user_id, braze_user_id, device_id, campaign_id, canvas_id,
      braze_schedule_id, send_id, dispatch_id, echoed_ledger_id, echoed_match_id, echoed_generation, echoed_attempt_id,
      has_foreign_extras, p_now, raw_payload, match_id, ledger_id, generation, correlation_method, confidence, timing,
      proof, time_diff_ms, candidate_count, candidate_match_ids
    from incoming
    where has_place
    -- Two requests that share events must take their locks in one order.
    order by happened_at, event_id
    on conflict (sent_at, event_id) do nothing
    returning event_id, match_id, ledger_id, generation, correlation_method, confidence, timing, proof, candidate_match_ids,
      dispatch_id, send_id, event_type
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
    ),
    -- Only what is stored proves and teaches.
    (
      select coalesce(pg_catalog.jsonb_agg(distinct pg_catalog.jsonb_build_object(
        'ledger_id', ledger_id, 'generation', generation, 'proof', proof, 'timing', timing, 'dispatch_id', dispatch_id,
        'send_id', send_id
      )), '[]')
      from inserted
      where proof is not null
    ),
    (
      select coalesce(pg_catalog.jsonb_agg(distinct identifier.value), '[]')
      from incoming
      join inserted using (event_id)
      cross join lateral pg_catalog.jsonb_array_elements(incoming.identifiers) as identifier (value)
    ),
    (
      select pg_catalog.array_agg(distinct ledger_id)
      from inserted
      where timing in ('early', 'late') and event_type = 'send'
    )
  into v_counts, v_outside, v_proofs, v_identifiers, v_untimely_ids;

  if v_outside <> '[]' or p_rejects <> '[]' then
    perform private.store_rejects(p_rejects || v_outside, p_now);
  end if;
  -- Ledger rows before identifiers: close_attempt takes them in this order too.
  if v_proofs <> '[]' then
    perform private.record_send_proof(v_proofs, p_now);
  end if;
  if v_identifiers <> '[]' then
    v_registered := private.register_identifiers(v_identifiers, 'event', p_now);
  end if;
  if v_untimely_ids is not null then
    perform private.raise_untimely_sends(v_untimely_ids, p_now);
  end if;

  v_received := (v_counts ->> 'received')::integer + pg_catalog.jsonb_array_length(p_rejects) + p_known;
  v_duplicates := (v_counts ->> 'received')::integer - (v_counts ->> 'recorded')::integer
    - (v_counts ->> 'outside')::integer + p_known;
  v_rejected := pg_catalog.jsonb_array_length(p_rejects) + (v_counts ->> 'outside')::integer;

  -- The last lock of the transaction, and only one row of sixteen: requests at once seldom meet in it, and none that
  -- holds it waits for another.
  insert into public.webhook_daily_counts as counted (date, shard, received, duplicates, rejected)
  values (
    (p_now at time zone 'utc')::date,
    pg_catalog.uuid_hash(p_run_id) & 15,
    v_received,
    v_duplicates,
    v_rejected
  )
  on conflict (date, shard) do update
  set received = counted.received + excluded.received,
    duplicates = counted.duplicates + excluded.duplicates,
    rejected = counted.rejected + excluded.rejected;

  return pg_catalog.jsonb_build_object(
    'received', v_received,
    'recorded', v_counts -> 'recorded',
    'duplicates', v_duplicates,
    'rejected', v_rejected,
    'high', v_counts -> 'high',
    'medium', v_counts -> 'medium',
    'low', v_counts -> 'low',
    'unattributed', v_counts -> 'unattributed',
    'registered', v_registered
  );
end;
$$;

comment on function private.store_events(jsonb, jsonb, integer, uuid, timestamptz) is
  'Stores the events and rejects of one request, updates the daily counts, registers identifiers and records proofs. p_known: events that count as duplicates. Called by ingest_events.';
revoke all on function private.store_events(jsonb, jsonb, integer, uuid, timestamptz) from public, anon, authenticated, service_role;
grant execute on function private.store_events(jsonb, jsonb, integer, uuid, timestamptz) to service_role;

create function public.ingest_events(p_events jsonb, p_rejects jsonb, p_run_id uuid, p_now timestamptz)
returns jsonb
language plpgsql
volatile
security invoker
set search_path = ''
set jit = off
as $$
declare
  v_events jsonb := p_events;
  v_rejects jsonb := p_rejects;
begin
  -- An erasure waits for running requests; later requests see it.
  perform pg_catalog.pg_advisory_xact_lock_shared(pg_catalog.hashtextextended('erase_user', 0));
  if exists (select 1 from private.erased_users) then
    v_events := private.anonymise_events(p_events, p_now);
    v_rejects := private.anonymise_rejects(p_rejects, p_now);
  end if;

  return private.store_events(
    v_events,
    v_rejects,
    pg_catalog.jsonb_array_length(p_events) - pg_catalog.jsonb_array_length(v_events),
    p_run_id,
    p_now
  );
end;
$$;

comment on function public.ingest_events(jsonb, jsonb, uuid, timestamptz) is
  'Stores the events and rejects of one request; received = recorded + duplicates + rejected. Events of erased users that were stored count as duplicates.';
revoke all on function public.ingest_events(jsonb, jsonb, uuid, timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.ingest_events(jsonb, jsonb, uuid, timestamptz) to service_role;
