-- Create private.forget_events and private.forget_rejects: what comes in of people who were erased goes in without them.

create function private.forget_events(p_events jsonb, p_now timestamptz)
returns jsonb
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  v_key bytea;
  v_events jsonb;
  v_digests bytea[];
begin
  select keys.key into strict v_key from private.erasure_keys as keys;

  with incoming as (
    select
      told.place,
      told.event,
      told.event ->> 'claim' is not distinct from 'weak' as is_weak,
      (told.event ->> 'sent_at')::timestamptz as sent_at,
      pg_catalog.sha256(v_key || pg_catalog.convert_to(told.event ->> 'event_id', 'UTF8')) as digest,
      pg_catalog.sha256(v_key || pg_catalog.convert_to((told.event -> 'raw_payload')::text, 'UTF8')) as payload_digest,
      pg_catalog.sha256(v_key || pg_catalog.convert_to(told.event ->> 'external_user_id', 'UTF8')) as user_digest
    from pg_catalog.jsonb_array_elements(p_events) with ordinality as told (event, place)
  ),
  judged as (
    select
      incoming.*,
      stone.digest is not null as is_known,
      -- A weak id is no identity: where it meets a tombstone it may be another message, of the same person.
      erased.stand_in is not null and (incoming.sent_at < erased.forget_until or (incoming.is_weak and stone.digest is not null))
        as is_theirs,
      erased.stand_in,
      erased.device_key
    from incoming
    left join lateral (
      select known.digest from private.erased_events as known
      where known.digest in (incoming.digest, incoming.payload_digest)
      limit 1
    ) as stone on true
    left join lateral (
      select known.stand_in, known.device_key, known.forget_until from private.erased_users as known
      where known.user_digest = incoming.user_digest
      limit 1
    ) as erased on true
  )
  select
    coalesce(pg_catalog.jsonb_agg(
      case
        when judged.is_theirs then judged.event || pg_catalog.jsonb_build_object(
          'event_id', private.event_stand_in(judged.digest),
          'external_user_id', judged.stand_in,
          'device_id', private.device_stand_in(judged.device_key, judged.event ->> 'device_id'),
          'raw_payload', private.anonymous_payload(
            judged.event -> 'raw_payload',
            private.event_stand_in(judged.digest),
            judged.stand_in,
            private.device_stand_in(judged.device_key, judged.event ->> 'device_id')
          )
        )
        else judged.event
      end
      order by judged.place
    ) filter (where judged.is_weak or not judged.is_known), '[]'),
    pg_catalog.array_agg(distinct judged.digest) filter (where judged.is_theirs and not judged.is_known)
  into v_events, v_digests
  from judged;

  insert into private.erased_events (digest, erased_at)
  select told.digest, p_now from pg_catalog.unnest(v_digests) as told (digest) order by told.digest
  on conflict (digest) do nothing;
  return v_events;
end;
$$;

comment on function private.forget_events(jsonb, timestamptz) is
  'Events as ingest_events takes them: without those of which a tombstone says that they were stored, and anonymous where their person is to be forgotten.';

revoke execute on function private.forget_events(jsonb, timestamptz) from public;
grant execute on function private.forget_events(jsonb, timestamptz) to service_role;

create function private.without_names(p_text text, p_names text[])
returns text
language sql
immutable
security invoker
set search_path = ''
as $$
  select coalesce(
    pg_catalog.regexp_replace(
      p_text,
      '(?<![[:alnum:]_-])(?:' || nullif(
        pg_catalog.array_to_string(
          array(
            select pg_catalog.regexp_replace(name, '([^[:alnum:]])', '\\\1', 'g') from pg_catalog.unnest(p_names) as name
          ),
          '|'
        ),
        ''
      ) || ')(?![[:alnum:]_-])',
      'erased', 'g'
    ),
    p_text
  );
$$;

comment on function private.without_names(text, text[]) is 'A text with "erased" where one of the names stood as a word.';

revoke execute on function private.without_names(text, text[]) from public;
grant execute on function private.without_names(text, text[]) to service_role;

create function private.forget_rejects(p_rejects jsonb, p_now timestamptz)
returns jsonb
language plpgsql
volatile
security invoker
set search_path = ''
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
      -- Of what is no JSON nothing can be told apart: the same bytes are the same body.
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
    cross join lateral private.anonymous_body(came.body, null, null, null, p_now) as anonymous
  )
  select
    pg_catalog.jsonb_agg(
      case
        when cleaned.body is null then cleaned.reject
        else cleaned.reject || pg_catalog.jsonb_build_object(
          'body_base64', pg_catalog.encode(cleaned.body, 'base64'),
          'digest', pg_catalog.encode(cleaned.digest, 'hex'),
          'reason', private.without_names(cleaned.reject ->> 'reason', cleaned.found_names)
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

comment on function private.forget_rejects(jsonb, timestamptz) is
  'Rejects as ingest_events takes them, anonymous where they are JSON and name somebody who is to be forgotten, or were erased before.';

revoke execute on function private.forget_rejects(jsonb, timestamptz) from public;
grant execute on function private.forget_rejects(jsonb, timestamptz) to service_role;
