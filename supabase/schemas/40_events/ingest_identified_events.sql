-- Looks up and stores, in one round trip, the events that echo their ledger row and generation and that nothing speaks
-- against, of one request or of several.
--
-- Nearly every event of a matchday does, and the events of a batch say few different things: what they have in common is
-- looked up once, and all are stored by one statement. It is an exact shortcut of the policy in the correlation module, which
-- judges everything that is returned and not stored; a property test holds both to the same verdict.

create function private.is_of_erased_user(p_event_id text, p_external_user_id text, p_ids text[], p_payload jsonb)
returns boolean
language sql
stable
security invoker
set search_path = ''
set jit = off
as $$
  select exists (
    select from private.erased_events as known
    where known.digest in (private.keyed_digest(p_event_id), private.keyed_digest(p_payload::text))
  )
  or (select found.user_digest from private.erased_user_of(p_external_user_id, p_ids) as found) is not null;
$$;

comment on function private.is_of_erased_user(text, text, text[], jsonb) is
  'Whether an event was stored and erased, or belongs to a person who is erased. p_ids: its device, and Braze''s own id of the user.';
revoke all on function private.is_of_erased_user(text, text, text[], jsonb) from public, anon, authenticated, service_role;
grant execute on function private.is_of_erased_user(text, text, text[], jsonb) to service_role;

-- What many events have in common, with the schedule that their echo names.
create type private.resolved_kind as (
  place bigint,
  ledger_id uuid,
  match_id bigint,
  generation integer,
  send_at_utc timestamptz,
  proves boolean,
  teaches boolean,
  proof public.send_proof,
  event_type text,
  channel text,
  time_kind public.time_kind,
  campaign_id text,
  schedule_id text,
  send_id text,
  dispatch_id text,
  echoed_ledger_id text,
  echoed_match_id text,
  echoed_generation text,
  echoed_attempt_id text
);
revoke all on type private.resolved_kind from public, anon, authenticated, service_role;
grant usage on type private.resolved_kind to service_role;

create function private.resolve_echoes(p_kinds jsonb, p_window interval)
returns setof private.resolved_kind
language plpgsql
stable
security invoker
set search_path = ''
set jit = off
set plan_cache_mode = 'force_generic_plan'
as $$
begin
  return query
    select
      kind.place, ledger.id, ledger.match_id, schedule.generation, schedule.send_at_utc,
      kind.proof is not null and (
        schedule.first_event_at is null
        or (ledger.generation = schedule.generation
          and (ledger.status <> 'sent' or ledger.sent_evidence is not distinct from 'webhook'))
      ),
      (kind.schedule_id is not null and by_schedule.ambiguous is not true and (
        by_schedule.ledger_id is null
        or (not by_schedule.generations_differ and by_schedule.generation is distinct from schedule.generation)
      ))
      or (kind.own_match_id is null and kind.send_id is not null and by_send.ambiguous is not true and (
        by_send.ledger_id is null
        or (not by_send.generations_differ and by_send.generation is distinct from schedule.generation)
      ))
      or (kind.dispatch_id is not null and by_dispatch.ambiguous is not true and (
        by_dispatch.ledger_id is distinct from ledger.id
        or (not by_dispatch.generations_differ and by_dispatch.generation is distinct from schedule.generation)
      )),
      kind.proof, kind.event_type, kind.channel, kind.time_kind, kind.campaign_id, kind.schedule_id, kind.send_id,
      kind.dispatch_id, kind.echoed_ledger_id, kind.echoed_match_id, kind.echoed_generation, kind.echoed_attempt_id
    from rows from (pg_catalog.jsonb_to_recordset(p_kinds) as (
      ledger_id uuid, generation integer, match_id bigint, attempt_id uuid, own_match_id bigint, first_at timestamptz,
      last_send_at timestamptz, proof public.send_proof, event_type text, channel text, time_kind public.time_kind, campaign_id text, schedule_id text,
      send_id text, dispatch_id text, echoed_ledger_id text, echoed_match_id text, echoed_generation text,
      echoed_attempt_id text
    )) with ordinality as kind (
      ledger_id, generation, match_id, attempt_id, own_match_id, first_at, last_send_at, proof, event_type, channel, time_kind,
      campaign_id, schedule_id, send_id, dispatch_id, echoed_ledger_id, echoed_match_id, echoed_generation, echoed_attempt_id,
      place
    )
    -- Look-ups by key: a plan made while tables are empty would read them whole for ever.
    cross join lateral (
      select known.id, known.match_id, known.intent, known.replaced_at, known.generation, known.status, known.sent_evidence
      from public.schedule_ledger as known where known.id = kind.ledger_id limit 1
    ) as ledger
    cross join lateral (
      select known.generation, known.send_at_utc, known.first_event_at, known.moving_to_utc, known.campaign_id
      from public.braze_schedules as known
      where known.ledger_id = kind.ledger_id and known.generation = kind.generation limit 1
    ) as schedule
    left join lateral (
      select known.ledger_id, known.generation
      from public.schedule_attempts as known where known.id = kind.attempt_id and known.kind = 'create' limit 1
    ) as attempt on true
    left join lateral (
      select known.ledger_id, known.generation, known.generations_differ, known.ambiguous
      from public.schedule_identifiers as known
      where known.kind = 'schedule_id' and known.value = kind.schedule_id limit 1
    ) as by_schedule on true
    left join lateral (
      select known.ledger_id, known.generation, known.generations_differ, known.ambiguous
      from public.schedule_identifiers as known
      where known.kind = 'send_id' and known.value = kind.send_id limit 1
    ) as by_send on true
    left join lateral (
      select known.ledger_id, known.generation, known.generations_differ, known.ambiguous
      from public.schedule_identifiers as known
      where known.kind = 'dispatch_id' and known.value = kind.dispatch_id limit 1
    ) as by_dispatch on true
    where schedule.moving_to_utc is null and schedule.campaign_id = kind.campaign_id
      and kind.first_at >= schedule.send_at_utc - interval '2 minutes'
      and (kind.last_send_at is null or kind.last_send_at <= schedule.send_at_utc + p_window)
      and (kind.match_id is null or kind.match_id = ledger.match_id)
      and (kind.attempt_id is null or (attempt.ledger_id = ledger.id and attempt.generation = schedule.generation))
      and (kind.own_match_id is null or (kind.own_match_id = ledger.match_id and (
        (ledger.intent = 1 and ledger.replaced_at is null)
        or kind.send_id = private.own_send_id(ledger.match_id, ledger.intent)
      )))
      and (by_schedule.ledger_id is null or by_schedule.ambiguous or by_schedule.ledger_id = ledger.id)
      and (by_send.ledger_id is null or by_send.ambiguous or by_send.ledger_id = ledger.id);
end;
$$;

comment on function private.resolve_echoes(jsonb, interval) is
  'Takes what events have in common, as braze-webhook writes it; returns the schedule of each by its place, from 1, and no row where the policy must decide. own_match_id: the match of a send id of our own form.';
revoke all on function private.resolve_echoes(jsonb, interval) from public, anon, authenticated, service_role;
grant execute on function private.resolve_echoes(jsonb, interval) to service_role;

create function private.claimed_event_times(
  p_event_id text[],
  p_sent_at timestamptz[],
  p_claim text[],
  p_left integer[],
  p_now timestamptz
)
returns timestamptz[]
language plpgsql
volatile
security invoker
set search_path = ''
set jit = off
as $$
begin
  perform private.claim_event_times(
    (
      select pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
        'event_id', event.event_id, 'sent_at', event.sent_at, 'claim', event.claim
      ))
      from rows from (pg_catalog.unnest(p_event_id), pg_catalog.unnest(p_sent_at), pg_catalog.unnest(p_claim))
        with ordinality as event (event_id, sent_at, claim, place)
      -- Only for events that this call stores.
      where event.claim is not null and (p_left is null or event.place <> all (p_left))
    ),
    p_now
  );
  return array(
    select coalesce(known.sent_at, event.sent_at)
    from rows from (pg_catalog.unnest(p_event_id), pg_catalog.unnest(p_sent_at), pg_catalog.unnest(p_claim))
      with ordinality as event (event_id, sent_at, claim, place)
    left join lateral (
      select claim.sent_at from public.event_claims as claim
      where event.claim is not null and claim.event_id = event.event_id
      limit 1
    ) as known on true
    order by event.place
  );
end;
$$;

comment on function private.claimed_event_times(text[], timestamptz[], text[], integer[], timestamptz) is
  'As claim_event_times, for columns; returns the time of each event. p_left: places, from 1, of events that are not stored.';
revoke all on function private.claimed_event_times(text[], timestamptz[], text[], integer[], timestamptz) from public, anon, authenticated, service_role;
grant execute on function private.claimed_event_times(text[], timestamptz[], text[], integer[], timestamptz) to service_role;

create function public.ingest_identified_events(
  p_kinds jsonb,
  p_kind integer[],
  p_event_id text[],
  p_sent_at timestamptz[],
  p_claim text[],
  p_external_user_id text[],
  p_braze_user_id text[],
  p_device_id text[],
  p_payload jsonb[],
  p_copies integer[],
  p_window_seconds integer,
  p_run_id uuid,
  p_now timestamptz
)
returns jsonb
language plpgsql
volatile
security invoker
set search_path = ''
set jit = off
set plan_cache_mode = 'force_generic_plan'
as $$
declare
  v_kinds private.resolved_kind[];
  v_proves boolean;
  v_teaches boolean;
  v_has_partition boolean;
  v_has_erased boolean;
  v_left integer[];
  v_sent_at timestamptz[] := p_sent_at;
  v_received integer := pg_catalog.cardinality(p_kind);
  v_recorded integer;
  v_recorded_at timestamptz[];
  v_recorded_ids text[];
  v_stored_kinds integer[];
  v_registered integer := 0;
  v_copies integer := 0;
  v_repeated integer[] := array[]::integer[];
begin
  -- An erasure waits for running requests; later requests see it.
  perform pg_catalog.pg_advisory_xact_lock_shared(pg_catalog.hashtextextended('erase_user', 0));

  select
    coalesce(pg_catalog.array_agg(resolved), '{}'),
    coalesce(pg_catalog.bool_or(resolved.proves), false),
    coalesce(pg_catalog.bool_or(resolved.teaches), false),
    -- Events outside the partitions are left to ingest_events.
    (
      select exists (
        select from private.event_partitions as existing
        where existing.starts_at <= span.first_at and existing.ends_at > span.last_at
      )
      from (select min(event.sent_at) as first_at, max(event.sent_at) as last_at from pg_catalog.unnest(p_sent_at) as event (sent_at)) as span
    ),
    (select exists (select from private.erased_users))
  into v_kinds, v_proves, v_teaches, v_has_partition, v_has_erased
  from private.resolve_echoes(p_kinds, pg_catalog.make_interval(secs => p_window_seconds)) as resolved;

  if not v_has_partition or pg_catalog.cardinality(v_kinds) < pg_catalog.jsonb_array_length(p_kinds) or v_has_erased then
    select pg_catalog.array_agg(event.place::integer order by event.place) into v_left
    from rows from (
      pg_catalog.unnest(p_kind), pg_catalog.unnest(p_event_id), pg_catalog.unnest(p_external_user_id),
      pg_catalog.unnest(p_braze_user_id), pg_catalog.unnest(p_device_id), pg_catalog.unnest(p_payload)
    ) with ordinality as event (kind, event_id, external_user_id, braze_user_id, device_id, payload, place)
    where not v_has_partition
      or not exists (select from pg_catalog.unnest(v_kinds) as known where known.place = event.kind)
      -- They are anonymised on the other way.
      or (v_has_erased and private.is_of_erased_user(
        event.event_id, event.external_user_id, array[event.device_id, event.braze_user_id], event.payload
      ));
    v_received := v_received - coalesce(pg_catalog.cardinality(v_left), 0);
    if v_received = 0 then
      return pg_catalog.jsonb_build_object(
        'recorded', 0, 'registered', 0, 'left', v_left, 'repeated', jsonb '[]'
      );
    end if;
  end if;

  if pg_catalog.array_to_string(p_claim, '') <> '' then
    v_sent_at := private.claimed_event_times(p_event_id, p_sent_at, p_claim, v_left, p_now);
  end if;

  with inserted as (
    insert into public.notification_sends (
      sent_at, event_id, event_type, channel, time_kind, external_user_id, braze_user_id, device_id, campaign_id,
      braze_schedule_id, send_id, dispatch_id, echoed_ledger_id, echoed_match_id, echoed_generation, echoed_attempt_id,
      received_at, raw_payload, match_id, ledger_id, generation, correlation_method, confidence, timing, proof, time_diff_ms,
      candidate_count
    )
    select
      event.happened_at, event.event_id, kind.event_type, kind.channel, kind.time_kind, event.external_user_id,
      event.braze_user_id, event.device_id, kind.campaign_id, kind.schedule_id, kind.send_id, kind.dispatch_id,
      kind.echoed_ledger_id, kind.echoed_match_id, kind.echoed_generation, kind.echoed_attempt_id,
      p_now, event.payload, kind.match_id, kind.ledger_id, kind.generation, 'ledger_id', 'high', 'in_window', kind.proof,
      -- Both times are whole milliseconds.
      pg_catalog.round(
        pg_catalog.date_part('epoch', event.sent_at - pg_catalog.date_trunc('milliseconds', kind.send_at_utc)) * 1000
      )::bigint,
      1
    from rows from (
      pg_catalog.unnest(p_kind), pg_catalog.unnest(p_event_id), pg_catalog.unnest(p_sent_at), pg_catalog.unnest(v_sent_at),
      pg_catalog.unnest(p_external_user_id), pg_catalog.unnest(p_braze_user_id), pg_catalog.unnest(p_device_id),
      pg_catalog.unnest(p_payload)
    ) with ordinality as event (kind, event_id, sent_at, happened_at, external_user_id, braze_user_id, device_id, payload, place)
    join pg_catalog.unnest(v_kinds) as kind on kind.place = event.kind
    where v_left is null or event.place <> all (v_left)
    -- Two requests that share events must take their locks in one order.
    order by event.happened_at, event.event_id
    -- The key is the only unique index. Without naming it, Postgres does not look up the indexes of the partition each time.
    on conflict do nothing
    returning sent_at, event_id
  )
  select count(*), pg_catalog.array_agg(inserted.sent_at), pg_catalog.array_agg(inserted.event_id)
  into v_recorded, v_recorded_at, v_recorded_ids
  from inserted;

  if v_recorded < v_received then
    select coalesce(pg_catalog.array_agg(event.place::integer order by event.place), '{}') into v_repeated
    from (
      select
        event.place,
        recorded.event_id is null
          or row_number() over (partition by event.happened_at, event.event_id order by event.place) > 1 as is_repeated
      from rows from (pg_catalog.unnest(v_sent_at), pg_catalog.unnest(p_event_id))
        with ordinality as event (happened_at, event_id, place)
      left join rows from (pg_catalog.unnest(v_recorded_at), pg_catalog.unnest(v_recorded_ids))
        as recorded (happened_at, event_id) using (happened_at, event_id)
      where v_left is null or event.place <> all (v_left)
    ) as event
    where event.is_repeated;
  end if;

  -- Only what is stored proves and teaches. Ledger rows before identifiers: close_attempt takes them in this order too.
  if v_proves or v_teaches then
    v_stored_kinds := array(
      select distinct event.kind
      from rows from (pg_catalog.unnest(p_kind)) with ordinality as event (kind, place)
      where (v_left is null or event.place <> all (v_left)) and event.place <> all (v_repeated)
    );
  end if;
  if v_proves then
    perform private.record_send_proof(
      (
        select coalesce(pg_catalog.jsonb_agg(distinct pg_catalog.jsonb_build_object(
          'ledger_id', kind.ledger_id, 'generation', kind.generation, 'proof', kind.proof, 'timing', 'in_window',
          'dispatch_id', kind.dispatch_id, 'send_id', kind.send_id
        )), '[]')
        from pg_catalog.unnest(v_kinds) as kind
        where kind.proof is not null and kind.place = any (v_stored_kinds)
      ),
      p_now
    );
  end if;
  if v_teaches then
    v_registered := private.register_identifiers(
      (
        select coalesce(pg_catalog.jsonb_agg(distinct pg_catalog.jsonb_build_object(
          'kind', identifier.kind, 'value', identifier.value, 'ledger_id', kind.ledger_id, 'generation', kind.generation
        )), '[]')
        from pg_catalog.unnest(v_kinds) as kind
        cross join lateral (
          values ('schedule_id', kind.schedule_id), ('send_id', kind.send_id), ('dispatch_id', kind.dispatch_id)
        ) as identifier (kind, value)
        where identifier.value is not null and kind.place = any (v_stored_kinds)
      ),
      'event',
      p_now
    );
  end if;

  if p_copies is not null then
    select coalesce(sum(event.copies), 0) into v_copies
    from pg_catalog.unnest(p_copies) with ordinality as event (copies, place)
    where v_left is null or event.place <> all (v_left);
  end if;

  -- The last lock of the transaction, and only one row of sixteen: requests at once seldom meet in it, and none that
  -- holds it waits for another.
  insert into public.webhook_daily_counts as counted (date, shard, received, duplicates, rejected)
  values (
    (p_now at time zone 'utc')::date, pg_catalog.uuid_hash(p_run_id) & 15,
    v_received + v_copies, v_received + v_copies - v_recorded, 0
  )
  on conflict (date, shard) do update
  set received = counted.received + excluded.received, duplicates = counted.duplicates + excluded.duplicates;

  return pg_catalog.jsonb_build_object(
    'recorded', v_recorded, 'registered', v_registered,
    'left', coalesce(v_left, '{}'), 'repeated', v_repeated
  );
end;
$$;

comment on function public.ingest_identified_events(jsonb, integer[], text[], timestamptz[], text[], text[], text[], text[], jsonb[], integer[], integer, uuid, timestamptz) is
  'As ingest_events, for events whose echo decides. p_kinds: what events have in common; p_kind and the other arrays: one element for each event, p_kind its index in p_kinds, from 1. p_copies: how often each is repeated in the same call, null where none is. Returns {recorded, registered, left: places of events that were not stored, repeated: places of events that were stored before}; places count from 1.';
revoke all on function public.ingest_identified_events(jsonb, integer[], text[], timestamptz[], text[], text[], text[], text[], jsonb[], integer[], integer, uuid, timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.ingest_identified_events(jsonb, integer[], text[], timestamptz[], text[], text[], text[], text[], jsonb[], integer[], integer, uuid, timestamptz) to service_role;
