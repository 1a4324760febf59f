-- Create public.ingest_named_events: what events name outright is looked up and stored in one round trip.
--
-- Nearly every event of a matchday says which match it is of; asking first and storing afterwards would cost twice as
-- much. What needs judgement comes back, unstored. It does what private.store_events does, but for what such events
-- never need: no low confidence, no rejects, nothing outside of the partitions.

create function private.claim_times(p_events jsonb, p_now timestamptz)
returns void
language sql
volatile
security invoker
set search_path = ''
as $$
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
$$;

comment on function private.claim_times(jsonb, timestamptz) is
  'Keeps when events without a time of their own were first told; a weak identity is taken for another message after 45 minutes.';

revoke execute on function private.claim_times(jsonb, timestamptz) from public;
grant execute on function private.claim_times(jsonb, timestamptz) to service_role;

create function public.ingest_named_events(p_events jsonb, p_names jsonb, p_run_id uuid, p_now timestamptz)
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
  v_learned jsonb := jsonb '[]';
  v_went_out jsonb := jsonb '[]';
begin
  -- An erasure waits for requests that are under way, and those that come later see it.
  perform pg_catalog.pg_advisory_xact_lock_shared(pg_catalog.hashtextextended('erase_user', 0));

  for i in 0 .. pg_catalog.jsonb_array_length(p_names) - 1 loop
    v_resolved := private.resolve_name(p_names -> i);
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
  -- Around the turn of a month, and where there is no partition: what does not fit goes the longer way.
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
      "unattributed": 0, "learned": [], "went_out": []}' || pg_catalog.jsonb_build_object('left', v_left);
  end if;

  if exists (select from private.erased_users) then
    v_events := private.forget_events(v_events, p_now);
  end if;
  if v_events @? '$[*].claim ? (@ != null)' then
    perform private.claim_times(v_events, p_now);
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
    v_went_out := private.note_evidence(
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
    -- Nothing contradicts it, so whatever else such an event names is its match's too.
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
    cross join lateral pg_catalog.jsonb_array_elements(p_names -> (name.place - 1)::integer -> 'claims') as claim (named)
    where name.ledger_id is not null and claim.named ->> 0 not in ('ledger_id', 'match_id');
    v_learned := private.learn_identifiers(v_identifiers, 'event', p_now);
    if v_recorded < v_received then
      -- A repeated request may be here because what it taught was never applied.
      v_learned := v_learned || private.unapplied_lessons(v_identifiers);
    end if;
  end if;

  -- The last lock of the transaction, and only one row of sixteen: requests at once seldom meet in it, and none that
  -- holds it waits for another.
  insert into public.webhook_daily_counts as counted (date, slot, received, duplicates, rejected)
  values (
    (p_now at time zone 'utc')::date, pg_catalog.uuid_hash(p_run_id) & 15, v_received, v_received - v_recorded, 0
  )
  on conflict (date, slot) do update
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
    'learned', v_learned,
    'went_out', v_went_out,
    'left', v_left
  );
end;
$$;

comment on function public.ingest_named_events(jsonb, jsonb, uuid, timestamptz) is
  'As ingest_events, of events that hold {names: a place in p_names from 1, proof}. "left": the places, from 0, of those that were not stored.';

revoke execute on function public.ingest_named_events(jsonb, jsonb, uuid, timestamptz) from public;
grant execute on function public.ingest_named_events(jsonb, jsonb, uuid, timestamptz) to service_role;
