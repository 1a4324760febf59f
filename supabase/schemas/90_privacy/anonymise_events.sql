-- Anonymises incoming events of erased people.

create function private.anonymise_events(p_events jsonb, p_now timestamptz)
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
      -- A weak id is not unique: with the tombstone of another message it may be a new one of the same person.
      erased.pseudonym is not null and (incoming.sent_at < erased.anonymise_until or (incoming.is_weak and stone.digest is not null))
        as is_theirs,
      erased.pseudonym,
      erased.device_key
    from incoming
    left join lateral (
      select known.digest from private.erased_events as known
      where known.digest in (incoming.digest, incoming.payload_digest)
      limit 1
    ) as stone on true
    left join lateral (
      select known.pseudonym, known.device_key, known.anonymise_until from private.erased_users as known
      where known.user_digest = incoming.user_digest
      limit 1
    ) as erased on true
  )
  select
    coalesce(pg_catalog.jsonb_agg(
      case
        when judged.is_theirs then judged.event || pg_catalog.jsonb_build_object(
          'event_id', private.event_pseudonym(judged.digest),
          'external_user_id', judged.pseudonym,
          'braze_user_id', null,
          'device_id', private.device_pseudonym(judged.device_key, judged.event ->> 'device_id'),
          'raw_payload', private.anonymise_payload(
            judged.event -> 'raw_payload',
            private.event_pseudonym(judged.digest),
            judged.pseudonym,
            private.device_pseudonym(judged.device_key, judged.event ->> 'device_id')
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

comment on function private.anonymise_events(jsonb, timestamptz) is
  'Events in the shape of ingest_events, without those that have a tombstone, and anonymised where their person is erased.';
revoke all on function private.anonymise_events(jsonb, timestamptz) from public, anon, authenticated, service_role;
grant execute on function private.anonymise_events(jsonb, timestamptz) to service_role;
