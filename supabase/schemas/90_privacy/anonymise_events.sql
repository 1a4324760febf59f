-- Anonymises incoming events of erased people.

create function private.anonymise_events(p_events jsonb, p_now timestamptz)
returns jsonb
language plpgsql
volatile
security invoker
set search_path = ''
set jit = off
as $$
declare
  v_key bytea;
  v_events jsonb;
  v_digests bytea[];
  v_told jsonb;
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
      array[told.event ->> 'device_id', told.event ->> 'braze_user_id'] as ids
    from pg_catalog.jsonb_array_elements(p_events) with ordinality as told (event, place)
  ),
  judged as (
    select
      incoming.*,
      stone.digest is not null as is_known,
      -- A weak id is not unique: with the tombstone of another message it may be a new one of the same person.
      erased.pseudonym is not null and (incoming.sent_at < erased.anonymise_until or (incoming.is_weak and stone.digest is not null))
        as is_theirs,
      erased.user_digest,
      erased.pseudonym,
      erased.device_key
    from incoming
    left join lateral (
      select known.digest from private.erased_events as known
      where known.digest in (incoming.digest, incoming.payload_digest)
      limit 1
    ) as stone on true
    cross join lateral private.erased_user_of(incoming.event ->> 'external_user_id', incoming.ids) as erased
  )
  select
    coalesce(pg_catalog.jsonb_agg(
      case
        when judged.is_theirs then judged.event || pg_catalog.jsonb_build_object(
          'event_id', private.event_pseudonym(judged.digest),
          'external_user_id', case when judged.event ->> 'external_user_id' <> '' then judged.pseudonym end,
          'braze_user_id', null,
          'device_id', private.device_pseudonym(judged.device_key, judged.event ->> 'device_id'),
          'raw_payload', private.anonymise_payload(
            judged.event -> 'raw_payload',
            private.event_pseudonym(judged.digest),
            case when judged.event ->> 'external_user_id' <> '' then judged.pseudonym end,
            private.device_pseudonym(judged.device_key, judged.event ->> 'device_id')
          )
        )
        else judged.event
      end
      order by judged.place
    ) filter (where judged.is_weak or not judged.is_known), '[]'),
    pg_catalog.array_agg(distinct judged.digest) filter (where judged.is_theirs and not judged.is_known),
    pg_catalog.jsonb_agg(
      pg_catalog.jsonb_build_object('user', judged.user_digest, 'ids', judged.ids)
    ) filter (where judged.is_theirs and judged.event ->> 'external_user_id' <> '')
  into v_events, v_digests, v_told
  from judged;

  insert into private.erased_events (digest, erased_at)
  select told.digest, p_now from pg_catalog.unnest(v_digests) as told (digest) order by told.digest
  on conflict (digest) do nothing;
  -- Their next event may name a device alone.
  insert into private.erased_ids (id_digest, user_digest)
  select distinct private.keyed_digest(owned.id), (told.event ->> 'user')::bytea
  from pg_catalog.jsonb_array_elements(v_told) as told (event)
  cross join lateral pg_catalog.jsonb_array_elements_text(told.event -> 'ids') as owned (id)
  where owned.id <> ''
  order by 1, 2
  on conflict (id_digest, user_digest) do nothing;
  return v_events;
end;
$$;

comment on function private.anonymise_events(jsonb, timestamptz) is
  'Events in the shape of ingest_events, without those that have a tombstone, and anonymised where their person is erased.';
revoke all on function private.anonymise_events(jsonb, timestamptz) from public, anon, authenticated, service_role;
grant execute on function private.anonymise_events(jsonb, timestamptz) to service_role;
