-- Erases a person; counts stay correct.
--
-- Their events keep their places, times and matches, under pseudonyms. What is known of their ids is a keyed digest, so that
-- a repetition is recognised. Webhooks wait for the erasure, so all that takes long is done before the lock: kept bodies are
-- read first, and under the lock only those that arrived or changed meanwhile.

create function private.replace_in_list(p_list jsonb, p_replacements jsonb)
returns jsonb
language sql
immutable
security invoker
set search_path = ''
as $$
  select coalesce(pg_catalog.jsonb_agg(coalesce(p_replacements -> (element.value #>> '{}'), element.value) order by element.place), '[]')
  from pg_catalog.jsonb_array_elements(p_list) with ordinality as element (value, place);
$$;

comment on function private.replace_in_list(jsonb, jsonb) is
  'The list with its elements replaced as {old: new} says.';
revoke all on function private.replace_in_list(jsonb, jsonb) from public, anon, authenticated, service_role;
grant execute on function private.replace_in_list(jsonb, jsonb) to service_role;

create function private.lock_out_webhooks()
returns void
language plpgsql
volatile
security invoker
set search_path = ''
set jit = off
-- New requests wait behind this while it waits for a running one, so each try is short.
set lock_timeout = '400ms'
as $$
begin
  for v_try in 1..12 loop
    begin
      perform pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('erase_user', 0));
      return;
    exception when lock_not_available then
      if v_try = 12 then
        raise;
      end if;
      perform pg_catalog.pg_sleep(0.1);
    end;
  end loop;
end;
$$;

comment on function private.lock_out_webhooks() is
  'Waits until running webhook requests have ended, and holds up new ones until the end of the transaction. Fails (55P03) after some 6 seconds.';
revoke all on function private.lock_out_webhooks() from public, anon, authenticated, service_role;
grant execute on function private.lock_out_webhooks() to service_role;

create function private.ids_beside(p_external_user_id text)
returns text[]
language plpgsql
stable
security invoker
set search_path = ''
set jit = off
as $$
declare
  v_braze_ids text[];
begin
  v_braze_ids := array(
    select distinct event.braze_user_id
    from public.notification_sends as event
    where event.external_user_id = p_external_user_id and event.braze_user_id is not null
  );
  return array(
    select distinct owned.id
    from (
      select event.device_id as id
      from public.notification_sends as event
      where event.external_user_id = p_external_user_id
        or (event.external_user_id is null and event.braze_user_id = any (v_braze_ids))
      union all
      select braze.id from pg_catalog.unnest(v_braze_ids) as braze (id)
    ) as owned
    where owned.id is not null
    order by owned.id
  );
end;
$$;

comment on function private.ids_beside(text) is 'The devices of a user, and Braze''s own ids of them, as far as events name them.';
revoke all on function private.ids_beside(text) from public, anon, authenticated, service_role;
grant execute on function private.ids_beside(text) to service_role;

create function public.erase_user(
  p_external_user_id text,
  p_reason text,
  p_now timestamptz,
  p_anonymise_until timestamptz default null
)
returns jsonb
language plpgsql
volatile
security invoker
set search_path = ''
set jit = off
-- For row locks. Webhooks wait meanwhile.
set lock_timeout = '800ms'
-- PostgREST takes it over. The search for kept bodies takes about 2 seconds for each 100,000.
set statement_timeout = '55s'
set plan_cache_mode = 'force_custom_plan'
as $$
declare
  v_refused text;
  v_digest bytea;
  v_user private.erased_users;
  v_before private.erased_users;
  v_other_ids text[];
  v_searched_ids text[];
  v_since xid;
  v_named bytea[];
  v_pattern text;
  v_has_new_ids boolean;
  -- The keys of the person's events, in order.
  v_times timestamptz[];
  v_ids text[];
  -- The ids to remove, each with its pseudonym.
  v_events jsonb;
  v_people jsonb;
  v_event_ids text[];
  v_erased_events integer;
  v_matches integer;
  v_rejects integer;
  v_logs integer;
  v_alerts integer;
  v_counts jsonb;
begin
  v_refused := case
    when p_external_user_id is null or p_external_user_id = '' then 'the external user id must not be empty'
    when p_reason is null or pg_catalog.btrim(p_reason) = '' then 'a reason must be given'
    when private.anonymise_text(p_reason, array[p_external_user_id]) <> p_reason then 'the reason is kept, so it must not name the user'
    when p_now is null then 'the time must be given'
    when exists (select 1 from private.erased_users as erased where erased.pseudonym = p_external_user_id)
      then 'this id stands for somebody who is erased already'
  end;
  if v_refused is not null then
    raise exception 'Cannot erase a user: %', v_refused using errcode = 'PT400', hint = 'invalid_erasure';
  end if;

  -- Whatever is written from here on has this transaction id or a younger one.
  v_since := pg_catalog.pg_snapshot_xmin(pg_catalog.pg_current_snapshot())::xid;
  v_searched_ids := private.ids_beside(p_external_user_id);
  v_pattern := private.naming_pattern(p_external_user_id || v_searched_ids);
  v_named := array(
    select reject.digest
    from public.webhook_rejects as reject
    -- In this order: most bodies fail the first test, which is much cheaper.
    where case when pg_catalog.encode(reject.body, 'escape') ~ v_pattern
      then private.body_names(reject.body, p_external_user_id || v_searched_ids) else false end
  );

  -- Running requests end first, new ones wait: see ingest_events.
  perform private.lock_out_webhooks();

  v_digest := private.keyed_digest(p_external_user_id);
  select * into v_before from private.erased_users as erased where erased.user_digest = v_digest;
  insert into private.erased_users as known (user_digest, pseudonym, device_key, anonymise_until, erased_at)
  values (
    v_digest,
    'erased-' || pg_catalog.gen_random_uuid(),
    pg_catalog.sha256(pg_catalog.uuid_send(pg_catalog.gen_random_uuid()) || v_digest),
    -- Braze retries for a day, and messages without a time do not say when they were sent.
    coalesce(p_anonymise_until, p_now + interval '1 day'),
    p_now
  )
  on conflict (user_digest) do update
  set anonymise_until = greatest(known.anonymise_until, excluded.anonymise_until), erased_at = excluded.erased_at
  returning * into v_user;

  v_other_ids := private.ids_beside(p_external_user_id);
  insert into private.erased_ids (id_digest, user_digest)
  select distinct private.keyed_digest(owned.id), v_digest
  from pg_catalog.unnest(v_other_ids) as owned (id)
  order by 1
  on conflict (id_digest, user_digest) do nothing;

  select
    pg_catalog.array_agg(theirs.sent_at order by theirs.sent_at, theirs.event_id),
    pg_catalog.array_agg(theirs.event_id order by theirs.sent_at, theirs.event_id),
    count(distinct theirs.match_id)
  into v_times, v_ids, v_matches
  from (
    select event.sent_at, event.event_id, event.match_id
    from public.notification_sends as event
    where event.external_user_id = p_external_user_id
      or (event.external_user_id is null and (event.device_id = any (v_other_ids) or event.braze_user_id = any (v_other_ids)))
  ) as theirs;
  select
    coalesce(pg_catalog.jsonb_object_agg(known.id, private.event_pseudonym(private.keyed_digest(known.id))), '{}')
  into v_events
  from pg_catalog.unnest(v_ids) as known (id);
  -- Braze's own id of a user is removed, so its entry serves only lists that name people.
  select pg_catalog.jsonb_object_agg(device.id, private.device_pseudonym(v_user.device_key, device.id))
  into v_people
  from pg_catalog.unnest(v_other_ids) as device (id);
  v_people := coalesce(v_people, '{}') || pg_catalog.jsonb_build_object(p_external_user_id, v_user.pseudonym);

  insert into private.erased_events (digest, erased_at)
  select stone.digest, p_now
  from (select distinct private.keyed_digest(known.id) as digest from pg_catalog.jsonb_object_keys(v_events) as known (id)) as stone
  order by stone.digest
  on conflict (digest) do nothing;

  v_event_ids := array(select pg_catalog.jsonb_object_keys(v_events));

  update public.notification_sends as event
  set event_id = v_events ->> event.event_id,
    external_user_id = case when event.external_user_id is not null then v_user.pseudonym end,
    braze_user_id = null,
    device_id = v_people ->> event.device_id,
    raw_payload = private.anonymise_payload(
      event.raw_payload,
      v_events ->> event.event_id,
      case when event.external_user_id is not null then v_user.pseudonym end,
      v_people ->> event.device_id
    )
  -- In the order of the keys, as whoever judges them again.
  from rows from (pg_catalog.unnest(v_times), pg_catalog.unnest(v_ids)) as theirs (sent_at, event_id)
  where event.sent_at = theirs.sent_at and event.event_id = theirs.event_id
    and event.sent_at >= v_times[1] and event.sent_at <= v_times[pg_catalog.cardinality(v_times)];
  get diagnostics v_erased_events = row_count;

  update public.event_claims as claim
  set event_id = v_events ->> claim.event_id
  where claim.event_id = any (v_event_ids);

  -- Pruning of payloads continues from the beginning of that second.
  update private.prune_progress as progress
  set event_id = ''
  where v_events ? progress.event_id;
  -- So does the judging of events that depend on a changed fact.
  update private.rejudgements as change
  set after_event_id = ''
  where v_events ? change.after_event_id;

  -- What came since the search; all of them in the rare case that the person got another device since.
  v_has_new_ids := not v_other_ids <@ v_searched_ids;
  v_pattern := private.naming_pattern(p_external_user_id || v_other_ids);
  v_named := v_named || array(
    select reject.digest
    from public.webhook_rejects as reject
    -- A row that is frozen may look young: then it is read once more.
    where case when v_has_new_ids or pg_catalog.age(reject.xmin) <= pg_catalog.age(v_since)
      then pg_catalog.encode(reject.body, 'escape') ~ v_pattern else false end
  );
  with named as materialized (
    select reject.digest, reject.body, reject.reason
    from public.webhook_rejects as reject
    where reject.digest = any (v_named)
    order by reject.digest
    for update
  ),
  cleaned as materialized (
    select named.digest, named.reason, anonymous.body, anonymous.tombstones, private.digest_of_bytes(named.body) as new_digest
    from named
    cross join lateral private.anonymise_body(
      named.body, v_digest, array[p_external_user_id], v_other_ids, p_now
    ) as anonymous
    where anonymous.body is not null
  ),
  stones as (
    insert into private.erased_events (digest, erased_at)
    select distinct stone.digest, p_now
    from cleaned
    cross join lateral pg_catalog.unnest(cleaned.tombstones || cleaned.new_digest) as stone (digest)
    order by stone.digest
    on conflict (digest) do nothing
  )
  update public.webhook_rejects as reject
  set digest = cleaned.new_digest, body = cleaned.body, reason = private.anonymise_text(cleaned.reason, array[p_external_user_id])
  from cleaned
  where reject.digest = cleaned.digest;
  get diagnostics v_rejects = row_count;

  update public.scheduler_logs as log
  set details = log.details
    || case when log.details ? 'event_ids'
      then pg_catalog.jsonb_build_object('event_ids', private.replace_in_list(log.details -> 'event_ids', v_events)) else '{}' end
    || case when v_events ? (log.details ->> 'event_id')
      then pg_catalog.jsonb_build_object('event_id', v_events -> (log.details ->> 'event_id')) else '{}' end
  where (log.details ? 'event_ids' and log.details -> 'event_ids' ?| v_event_ids)
    or (log.details ? 'event_id' and log.details ->> 'event_id' = any (v_event_ids));
  get diagnostics v_logs = row_count;

  update public.alerts as alert
  set details = alert.details
    || case when alert.details ? 'sample_users'
      then pg_catalog.jsonb_build_object('sample_users', private.replace_in_list(alert.details -> 'sample_users', v_people))
      else '{}' end
    || case when alert.details ? 'a_reason'
      then pg_catalog.jsonb_build_object(
        'a_reason', private.anonymise_text(alert.details ->> 'a_reason', array[p_external_user_id])
      )
      else '{}' end
  where alert.details -> 'sample_users' ?| array(select pg_catalog.jsonb_object_keys(v_people))
    or pg_catalog.strpos(alert.details ->> 'a_reason', p_external_user_id) > 0;
  get diagnostics v_alerts = row_count;

  v_counts := pg_catalog.jsonb_build_object(
    'events', v_erased_events, 'matches', v_matches, 'rejects', v_rejects, 'logs', v_logs, 'alerts', v_alerts
  );
  -- A repeated erasure finds nothing and logs nothing.
  if v_user.anonymise_until is distinct from v_before.anonymise_until
    or v_erased_events + v_rejects + v_logs + v_alerts > 0 then
    insert into public.operator_actions (acted_at, action, actor_kind, reason, before, details)
    values (
      p_now, 'erase_user', 'secret_key', p_reason, '{}',
      pg_catalog.jsonb_build_object(
        'user_digest', pg_catalog.encode(v_digest, 'hex'), 'anonymise_until', v_user.anonymise_until
      ) || v_counts
    );
  end if;
  return v_counts || pg_catalog.jsonb_build_object('was_erased_before', v_before.user_digest is not null);
end;
$$;

comment on function public.erase_user(text, text, timestamptz, timestamptz) is
  'Erases a person: their events stay under pseudonyms, counts stay correct, repeated deliveries restore nothing. Events up to p_anonymise_until (default: one day from now) are stored anonymised. Returns {events, matches, rejects, logs, alerts, was_erased_before}.';
revoke all on function public.erase_user(text, text, timestamptz, timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.erase_user(text, text, timestamptz, timestamptz) to service_role;
