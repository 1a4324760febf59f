-- Empties old payloads in small steps, each continuing where the last one ended.
--
-- A job of its own runs it all day: one step a night would not keep up with ten million events a day.

create function private.prune_raw_payloads(p_now timestamptz)
returns integer
language plpgsql
volatile
security invoker
set search_path = ''
set jit = off
set plan_cache_mode = 'force_custom_plan'
as $$
declare
  v_settings private.settings;
  v_done private.prune_progress;
  v_times timestamptz[];
  v_ids text[];
  v_count integer;
  v_pruned integer;
begin
  -- Not during an erasure: both rewrite old rows.
  perform pg_catalog.pg_advisory_xact_lock_shared(pg_catalog.hashtextextended('erase_user', 0));
  -- Two at once would prune the same events; the second waits and continues.
  select * into strict v_done from private.prune_progress for update;
  select * into strict v_settings from private.settings;
  if v_settings.raw_payloads_kept is null then
    return 0;
  end if;

  select
    pg_catalog.array_agg(old.sent_at order by old.sent_at, old.event_id),
    pg_catalog.array_agg(old.event_id order by old.sent_at, old.event_id),
    count(*)
  into v_times, v_ids, v_count
  from (
    select event.sent_at, event.event_id
    from public.notification_sends as event
    where event.sent_at < p_now - v_settings.raw_payloads_kept
      and event.sent_at >= v_done.sent_at
      and (event.sent_at, event.event_id) > (v_done.sent_at, v_done.event_id)
    order by event.sent_at, event.event_id
    limit v_settings.prune_batch
  ) as old;
  if v_count = 0 then
    return 0;
  end if;

  update public.notification_sends as event
  set raw_payload = '{}'
  from unnest(v_times, v_ids) as old (sent_at, event_id)
  where event.sent_at = old.sent_at and event.event_id = old.event_id
    and event.sent_at >= v_times[1] and event.sent_at <= v_times[v_count]
    and event.raw_payload <> '{}';
  get diagnostics v_pruned = row_count;

  -- "where" for sessions that load safeupdate.
  update private.prune_progress set sent_at = v_times[v_count], event_id = v_ids[v_count] where only_row;
  return v_pruned;
end;
$$;

comment on function private.prune_raw_payloads(timestamptz) is
  'Empties raw_payload of the next settings.prune_batch events that are older than raw_payloads_kept; returns how many.';
revoke all on function private.prune_raw_payloads(timestamptz) from public, anon, authenticated, service_role;
