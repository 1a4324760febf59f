-- Removes an erased person from the payloads of other people's events.
--
-- A message may name somebody beside its user, and nothing says which messages do, so every payload is read. Each call reads
-- a limited number of events and says where the next one continues; webhooks do not wait meanwhile.

create function public.erase_from_payloads(p_external_user_id text, p_after timestamptz default '-infinity')
returns jsonb
language plpgsql
volatile
security invoker
set search_path = ''
set jit = off
set plan_cache_mode = 'force_custom_plan'
-- PostgREST takes it over.
set statement_timeout = '55s'
as $$
declare
  v_pattern constant text := private.naming_pattern(array[p_external_user_id]);
  v_batch constant integer := (select settings.prune_batch from private.settings as settings);
  v_searched integer;
  v_until timestamptz;
  v_times timestamptz[];
  v_ids text[];
  v_cleaned integer;
begin
  if not exists (
    select 1 from private.erased_users as erased where erased.user_digest = private.keyed_digest(p_external_user_id)
  ) then
    raise exception 'Cannot search the payloads: the user must be erased first, with erase_user'
      using errcode = 'PT400', hint = 'invalid_erasure';
  end if;
  -- Not during an erasure: both rewrite old rows.
  perform pg_catalog.pg_advisory_xact_lock_shared(pg_catalog.hashtextextended('erase_user', 0));

  select count(*), max(next.sent_at)
  into v_searched, v_until
  from (
    select event.sent_at
    from public.notification_sends as event
    where event.sent_at > p_after
    order by event.sent_at
    limit v_batch
  ) as next;

  select
    pg_catalog.array_agg(named.sent_at order by named.sent_at, named.event_id),
    pg_catalog.array_agg(named.event_id order by named.sent_at, named.event_id)
  into v_times, v_ids
  from (
    select event.sent_at, event.event_id
    from public.notification_sends as event
    -- With all events of the last second: a time is where the next call continues.
    where event.sent_at > p_after and event.sent_at <= v_until
      and event.raw_payload <> '{}'
      and event.external_user_id is distinct from p_external_user_id
      -- In this order: most payloads fail the first test, which is much cheaper.
      and case when pg_catalog.encode(pg_catalog.convert_to(event.raw_payload::text, 'UTF8'), 'escape') ~ v_pattern
        then p_external_user_id in (select private.json_texts(event.raw_payload::json)) else false end
  ) as named;

  update public.notification_sends as event
  set raw_payload = private.anonymise_payload(
    event.raw_payload, event.event_id, event.external_user_id, event.device_id
  )
  from unnest(v_times, v_ids) as named (sent_at, event_id)
  where event.sent_at = named.sent_at and event.event_id = named.event_id
    and event.sent_at > p_after and event.sent_at <= v_until;
  get diagnostics v_cleaned = row_count;

  return pg_catalog.jsonb_build_object(
    'searched', v_searched,
    'events', v_cleaned,
    'next_after', case when v_searched = v_batch then v_until end
  );
end;
$$;

comment on function public.erase_from_payloads(text, timestamptz) is
  'Removes an erased user from payloads of other users'' events after p_after: such a payload keeps its own user and fields without personal data. Reads settings.prune_batch events; returns {searched, events, next_after}, next_after null at the end.';
revoke all on function public.erase_from_payloads(text, timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.erase_from_payloads(text, timestamptz) to service_role;
