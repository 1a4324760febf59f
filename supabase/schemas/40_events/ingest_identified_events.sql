-- Looks up and stores, in one round trip, the events that name their match outright.
--
-- Nearly every event of a matchday does; asking first and storing afterwards would cost twice as much. What needs judgement
-- is returned and not stored: the correlation module alone holds the policy. It does what store_events does, except for what
-- such events never need: no low confidence, no rejects, nothing outside the partitions.

create type private.resolved_name as (
  method text,
  ledger_id uuid,
  match_id bigint,
  generation integer,
  send_at_utc timestamptz,
  -- Whether this is the first proof that the schedule was sent, and which other ids it carries.
  proves_something boolean,
  teaches_something boolean
);

create function private.resolve_explicit_ids(p_name jsonb)
returns private.resolved_name
language plpgsql
stable
security invoker
set search_path = ''
as $$
declare
  v_claims jsonb := p_name -> 'claims';
  v_method text;
  v_value text;
  v_found uuid;
  v_generation integer;
  v_is_ambiguous boolean;
  v_generations integer[] := array[]::integer[];
  v_ledger record;
  v_schedule record;
  v_resolved private.resolved_name;
begin
  v_resolved.teaches_something := false;
  for i in 0 .. pg_catalog.jsonb_array_length(v_claims) - 1 loop
    v_method := v_claims -> i ->> 0;
    v_value := v_claims -> i ->> 1;
    v_found := null;
    v_generation := null;
    if v_method = 'ledger_id' then
      select ledger.id into v_found from public.schedule_ledger as ledger where ledger.id = v_value::uuid;
    elsif v_method = 'match_id' then
      select ledger.id into v_found from public.schedule_ledger as ledger where ledger.match_id = v_value::bigint;
    else
      select identifier.ledger_id, identifier.generation, identifier.ambiguous
      into v_found, v_generation, v_is_ambiguous
      from public.schedule_identifiers as identifier
      where identifier.kind = v_method and identifier.value = v_value;
      v_resolved.teaches_something := v_resolved.teaches_something or v_found is null;
      if v_is_ambiguous then
        v_found := null;
      elsif v_generation is not null then
        v_generations := v_generations || v_generation;
      end if;
    end if;
    continue when v_found is null;

    if v_resolved.ledger_id is null then
      v_resolved.ledger_id := v_found;
      v_resolved.method := v_method;
      v_resolved.generation := v_generation;
    elsif v_resolved.ledger_id <> v_found then
      return null;
    end if;
  end loop;

  if v_resolved.ledger_id is null
    -- An echoed ledger row that is unknown needs the full policy.
    or (v_claims -> 0 ->> 0 = 'ledger_id' and v_resolved.method <> 'ledger_id')
    -- Sends may share a dispatch id: it counts only where it is the only id.
    or (v_resolved.method = 'dispatch_id' and pg_catalog.jsonb_array_length(v_claims) > 1)
  then
    return null;
  end if;
  select ledger.match_id, ledger.send_id, ledger.generation, ledger.status, ledger.sent_evidence
  into v_ledger
  from public.schedule_ledger as ledger
  where ledger.id = v_resolved.ledger_id;
  v_resolved.match_id := v_ledger.match_id;

  if v_resolved.method in ('ledger_id', 'match_id') then
    v_resolved.generation := (p_name ->> 'generation')::integer;
  elsif v_ledger.send_id <> p_name ->> 'send_id' then
    -- An event with another send id than the match's own may belong to another match.
    return null;
  end if;

  if v_resolved.generation is not null then
    select schedule.send_at_utc, schedule.first_event_at into v_schedule
    from public.braze_schedules as schedule
    where schedule.ledger_id = v_resolved.ledger_id and schedule.generation = v_resolved.generation
      and schedule.state <> 'failed';
    if not found then
      return null;
    end if;
  else
    select
      min(schedule.generation) as generation, min(schedule.send_at_utc) as send_at_utc,
      min(schedule.first_event_at) as first_event_at, min(schedule.campaign_id) as campaign_id, count(*) as schedules
    into v_schedule
    from public.braze_schedules as schedule
    where schedule.ledger_id = v_resolved.ledger_id and schedule.state <> 'failed';
    if v_schedule.schedules <> 1
      or v_schedule.campaign_id <> p_name ->> 'campaign_id'
      -- A send before the scheduled time came from another schedule of the same match.
      or v_schedule.send_at_utc > (p_name ->> 'due_by')::timestamptz
    then
      return null;
    end if;
    v_resolved.generation := v_schedule.generation;
  end if;
  v_resolved.send_at_utc := v_schedule.send_at_utc;

  v_resolved.proves_something := v_schedule.first_event_at is null
    or (
      v_ledger.generation = v_resolved.generation
      and (v_ledger.status <> 'sent' or v_ledger.sent_evidence is not distinct from 'webhook')
    );
  v_resolved.teaches_something := v_resolved.teaches_something or v_resolved.generation <> any (v_generations);
  return v_resolved;
end;
$$;

comment on function private.resolve_explicit_ids(jsonb) is
  'Takes {claims: [[method, value], …] strongest first, generation, send_id, campaign_id, due_by}; returns the one ledger row and schedule that all claims name, or null where the full policy must decide.';
revoke all on function private.resolve_explicit_ids(jsonb) from public, anon, authenticated, service_role;
grant execute on function private.resolve_explicit_ids(jsonb) to service_role;

create function private.newly_known_identifiers(p_identifiers jsonb)
returns jsonb
language plpgsql
stable
security invoker
set search_path = ''
as $$
begin
  return (
    select coalesce(pg_catalog.jsonb_agg(pg_catalog.to_jsonb(known)), '[]')
    from pg_catalog.jsonb_to_recordset(p_identifiers) as identifier (kind text, value text)
    -- Lateral: a plain join would read the whole registry, since 100 rows are assumed of any jsonb.
    cross join lateral (
      select registered.kind, registered.value, registered.ledger_id, registered.ambiguous
      from public.schedule_identifiers as registered
      where registered.kind = identifier.kind and registered.value = identifier.value
      limit 1
    ) as known
    where known.ambiguous
      or (known.kind = 'dispatch_id' and exists (
        select from public.notification_sends as open
        where open.dispatch_id = known.value and open.confidence <> 'high'
      ))
      or (known.kind = 'send_id' and exists (
        select from public.notification_sends as open
        where open.send_id = known.value and open.confidence <> 'high'
      ))
      or (known.kind = 'schedule_id' and exists (
        select from public.notification_sends as open
        where open.braze_schedule_id = known.value and open.confidence <> 'high'
      ))
  );
end;
$$;

comment on function private.newly_known_identifiers(jsonb) is
  'The identifiers among [{kind, value}] that may change the attribution of a stored event: input of load_affected_events.';
revoke all on function private.newly_known_identifiers(jsonb) from public, anon, authenticated, service_role;
grant execute on function private.newly_known_identifiers(jsonb) to service_role;

create function public.ingest_identified_events(p_events jsonb, p_explicit_ids jsonb, p_run_id uuid, p_now timestamptz)
returns jsonb
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  v_resolved private.resolved_name;
  v_names_resolved private.resolved_name[] := array[]::private.resolved_name[];
  v_events jsonb := p_events;
  v_left jsonb := jsonb '[]';
  v_proves boolean := false;
  v_teaches boolean := false;
  v_first timestamptz;
  v_last timestamptz;
  v_received integer;
  v_recorded integer;
  v_identifiers jsonb;
  v_registered jsonb := jsonb '[]';
begin
  -- An erasure waits for running requests; later requests see it.
  perform pg_catalog.pg_advisory_xact_lock_shared(pg_catalog.hashtextextended('erase_user', 0));

  for i in 0 .. pg_catalog.jsonb_array_length(p_explicit_ids) - 1 loop
    v_resolved := private.resolve_explicit_ids(p_explicit_ids -> i);
    v_names_resolved := v_names_resolved || v_resolved;
    v_proves := v_proves or v_resolved.proves_something is true;
    v_teaches := v_teaches or v_resolved.teaches_something is true;
  end loop;

  if exists (select from pg_catalog.unnest(v_names_resolved) as name where name.ledger_id is null) then
    select
      coalesce(pg_catalog.jsonb_agg(told.event order by told.place) filter (where name.ledger_id is not null), '[]'),
      coalesce(pg_catalog.jsonb_agg(told.place - 1 order by told.place) filter (where name.ledger_id is null), '[]')
    into v_events, v_left
    from pg_catalog.jsonb_array_elements(p_events) with ordinality as told (event, place)
    join pg_catalog.unnest(v_names_resolved) with ordinality as name (
      method, ledger_id, match_id, generation, send_at_utc, proves_something, teaches_something, place
    ) on name.place = (told.event ->> 'names')::integer;
  end if;

  select min(event.sent_at), max(event.sent_at), count(*) into v_first, v_last, v_received
  from pg_catalog.jsonb_to_recordset(v_events) as event (sent_at timestamptz);
  -- Events outside the partitions are left to ingest_events.
  if v_received > 0 and not exists (
    select from private.event_partitions as existing where existing.starts_at <= v_first and existing.ends_at > v_last
  ) then
    v_events := jsonb '[]';
    v_received := 0;
    select pg_catalog.jsonb_agg(place) into v_left
    from pg_catalog.generate_series(0, pg_catalog.jsonb_array_length(p_events) - 1) as place;
  end if;
  if v_received = 0 then
    return jsonb '{"received": 0, "recorded": 0, "duplicates": 0, "rejected": 0, "high": 0, "medium": 0, "low": 0,
      "unattributed": 0, "registered": []}' || pg_catalog.jsonb_build_object('left', v_left);
  end if;

  if exists (select from private.erased_users) then
    v_events := private.anonymise_events(v_events, p_now);
  end if;
  if v_events @? '$[*].claim ? (@ != null)' then
    perform private.claim_event_times(v_events, p_now);
  end if;

  with inserted as (
    insert into public.notification_sends (
      sent_at, event_id, event_type, channel, external_user_id, device_id, match_id, ledger_id, generation,
      braze_schedule_id, campaign_id, dispatch_id, send_id, received_at, time_is_send_time, correlation_method, confidence,
      time_diff_ms, candidate_count, raw_payload
    )
    select
      coalesce(claim.sent_at, event.sent_at) as happened_at, event.event_id, event.event_type, event.channel,
      event.external_user_id, event.device_id, name.match_id, name.ledger_id, name.generation, event.braze_schedule_id,
      event.campaign_id, event.dispatch_id, event.send_id, p_now, event.time_is_send_time, name.method, 'high',
      pg_catalog.trunc(extract(
        epoch from event.sent_at - pg_catalog.date_trunc('milliseconds', name.send_at_utc)
      ) * 1000)::bigint,
      1, event.raw_payload
    from pg_catalog.jsonb_to_recordset(v_events) as event (
      event_id text, sent_at timestamptz, time_is_send_time boolean, claim text, event_type text, channel text,
      external_user_id text, device_id text, braze_schedule_id text, campaign_id text, dispatch_id text, send_id text,
      names integer, raw_payload jsonb
    )
    cross join lateral (select (v_names_resolved[event.names]).*) as name
    left join lateral (
      select known.sent_at from public.event_claims as known
      where event.claim is not null and known.event_id = event.event_id
      limit 1
    ) as claim on true
    -- Two requests that share events must take their locks in one order.
    order by happened_at, event.event_id
    on conflict (sent_at, event_id) do nothing
    returning 1
  )
  select count(*) into v_recorded from inserted;

  -- Ledger rows before identifiers: close_attempt takes them in this order too.
  if v_proves then
    perform private.record_send_proof(
      (
        select coalesce(pg_catalog.jsonb_agg(distinct pg_catalog.jsonb_build_object(
          'ledger_id', (v_names_resolved[event.names]).ledger_id,
          'generation', (v_names_resolved[event.names]).generation,
          'proof', event.proof,
          'dispatch_id', event.dispatch_id,
          'send_id', event.send_id
        )), '[]')
        from pg_catalog.jsonb_to_recordset(v_events) as event (
          names integer, proof text, dispatch_id text, send_id text
        )
        where event.proof is not null
      ),
      p_now
    );
  end if;
  if v_teaches or v_recorded < v_received then
    -- Nothing contradicts the match, so the other ids of the event belong to it too.
    select coalesce(pg_catalog.jsonb_agg(distinct pg_catalog.jsonb_build_object(
      'kind', claim.named -> 0,
      'value', claim.named -> 1,
      'ledger_id', name.ledger_id,
      'generation', name.generation
    )), '[]')
    into v_identifiers
    from pg_catalog.unnest(v_names_resolved) with ordinality as name (
      method, ledger_id, match_id, generation, send_at_utc, proves_something, teaches_something, place
    )
    cross join lateral pg_catalog.jsonb_array_elements(p_explicit_ids -> (name.place - 1)::integer -> 'claims') as claim (named)
    where name.ledger_id is not null and claim.named ->> 0 not in ('ledger_id', 'match_id');
    v_registered := private.register_identifiers(v_identifiers, 'event', p_now);
    if v_recorded < v_received then
      -- A repeated request may be here because its identifiers were never applied.
      v_registered := v_registered || private.newly_known_identifiers(v_identifiers);
    end if;
  end if;

  -- The last lock of the transaction, and only one row of sixteen: requests at once seldom meet in it, and none that
  -- holds it waits for another.
  insert into public.webhook_daily_counts as counted (date, shard, received, duplicates, rejected)
  values (
    (p_now at time zone 'utc')::date, pg_catalog.uuid_hash(p_run_id) & 15, v_received, v_received - v_recorded, 0
  )
  on conflict (date, shard) do update
  set received = counted.received + excluded.received, duplicates = counted.duplicates + excluded.duplicates;

  return pg_catalog.jsonb_build_object(
    'received', v_received,
    'recorded', v_recorded,
    'duplicates', v_received - v_recorded,
    'rejected', 0,
    'high', v_recorded,
    'medium', 0,
    'low', 0,
    'unattributed', 0,
    'registered', v_registered,
    'left', v_left
  );
end;
$$;

comment on function public.ingest_identified_events(jsonb, jsonb, uuid, timestamptz) is
  'As ingest_events, for events with {names: index into p_explicit_ids, from 1; proof}. "left": the indexes, from 0, of events that were not stored.';
revoke all on function public.ingest_identified_events(jsonb, jsonb, uuid, timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.ingest_identified_events(jsonb, jsonb, uuid, timestamptz) to service_role;
