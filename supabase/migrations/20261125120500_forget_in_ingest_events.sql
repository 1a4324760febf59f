-- Let public.ingest_events forget whom it has to forget: an erasure holds for what comes in after it, too.
--
-- What it did is done by private.store_events now. While nobody was erased nothing else happens but one look.

alter function public.ingest_events(jsonb, jsonb, jsonb, jsonb, uuid, timestamptz) rename to store_events;
alter function public.store_events(jsonb, jsonb, jsonb, jsonb, uuid, timestamptz) set schema private;
comment on function private.store_events(jsonb, jsonb, jsonb, jsonb, uuid, timestamptz) is
  'Stores the events and rejects of one request, counts the day, learns identifiers and notes proofs. Called by ingest_events.';

create function public.ingest_events(
  p_events jsonb,
  p_rejects jsonb,
  p_identifiers jsonb,
  p_proofs jsonb,
  p_run_id uuid,
  p_now timestamptz
)
returns jsonb
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  v_events jsonb := p_events;
  v_rejects jsonb := p_rejects;
  v_receipt jsonb;
  v_known integer;
begin
  -- An erasure waits for requests that are under way, and those that come later see it.
  perform pg_catalog.pg_advisory_xact_lock_shared(pg_catalog.hashtextextended('erase_user', 0));
  if exists (select 1 from private.erased_users) then
    v_events := private.forget_events(p_events, p_now);
    v_rejects := private.forget_rejects(p_rejects, p_now);
  end if;

  v_receipt := private.store_events(v_events, v_rejects, p_identifiers, p_proofs, p_run_id, p_now);

  v_known := pg_catalog.jsonb_array_length(p_events) - pg_catalog.jsonb_array_length(v_events);
  if v_known = 0 then
    return v_receipt;
  end if;
  update public.webhook_daily_counts as counted
  set received = counted.received + v_known, duplicates = counted.duplicates + v_known
  where counted.date = (p_now at time zone 'utc')::date and counted.slot = pg_catalog.uuid_hash(p_run_id) & 15;
  return v_receipt || pg_catalog.jsonb_build_object(
    'received', (v_receipt ->> 'received')::integer + v_known,
    'duplicates', (v_receipt ->> 'duplicates')::integer + v_known
  );
end;
$$;

comment on function public.ingest_events(jsonb, jsonb, jsonb, jsonb, uuid, timestamptz) is
  'Stores the events and rejects of one request; received = recorded + duplicates + rejected. Events of erased users that were stored count as duplicates.';

revoke execute on function public.ingest_events(jsonb, jsonb, jsonb, jsonb, uuid, timestamptz) from public;
grant execute on function public.ingest_events(jsonb, jsonb, jsonb, jsonb, uuid, timestamptz) to service_role;
