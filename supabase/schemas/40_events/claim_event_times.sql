-- The first time at which each event without a time of its own was seen.
--
-- A webhook-channel body has no time of its own: its first delivery sets it, its retries find it here. A weak identity
-- (nothing in the body names the send) meets its retries for as long as Braze makes them, not longer.

create function private.claim_event_times(p_events jsonb, p_now timestamptz)
returns void
language sql
volatile
security invoker
set search_path = ''
set jit = off
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

comment on function private.claim_event_times(jsonb, timestamptz) is
  'Stores when events without a time of their own were first received; after 45 minutes a weak identity counts as another message.';
revoke all on function private.claim_event_times(jsonb, timestamptz) from public, anon, authenticated, service_role;
grant execute on function private.claim_event_times(jsonb, timestamptz) to service_role;
