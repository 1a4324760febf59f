-- Create public.refresh_send_counts: how many users got the push of a match, kept on the ledger.
--
-- Derived from the events and written apart from them: on the way in, 25,000 events of one match would queue on one
-- row. It holds the number when the events themselves are pruned.

create function public.refresh_send_counts(p_from timestamptz, p_until timestamptz, p_now timestamptz)
returns integer
language plpgsql
volatile
security invoker
set search_path = ''
set plan_cache_mode = 'force_custom_plan'
as $$
declare
  v_counts jsonb;
  v_ledger_ids uuid[];
  v_changed integer;
begin
  select
    coalesce(pg_catalog.jsonb_object_agg(ledger.id, counted.users), '{}'),
    coalesce(pg_catalog.array_agg(ledger.id), '{}')
  into v_counts, v_ledger_ids
  from public.schedule_ledger as ledger
  cross join lateral (
    select count(distinct coalesce(event.external_user_id, event.device_id, event.event_id)) as users
    from public.notification_sends as event
    where event.ledger_id = ledger.id
      and event.sent_at >= least(ledger.created_at, ledger.send_at_utc) - interval '1 day'
      and event.channel = 'push' and event.event_type = 'send'
      and event.confidence in ('high', 'medium')
  ) as counted
  where ledger.send_at_utc >= p_from and ledger.send_at_utc < least(p_until, p_now)
    -- What was counted before its events were pruned is not counted again.
    and ledger.send_at_utc >= (select min(kept.starts_at) from private.event_partitions as kept)
    and counted.users is distinct from ledger.actual_send_count
    and (counted.users > 0 or ledger.actual_send_count is not null or ledger.status <> 'cancelled');

  perform 1
  from public.schedule_ledger as ledger
  where ledger.id = any (v_ledger_ids)
  order by ledger.id
  for no key update;

  -- updated_at stays: the row says no more than it did, only a sum of others changed.
  update public.schedule_ledger as ledger
  set actual_send_count = (v_counts ->> ledger.id::text)::integer
  where ledger.id = any (v_ledger_ids);
  get diagnostics v_changed = row_count;
  return v_changed;
end;
$$;

comment on function public.refresh_send_counts(timestamptz, timestamptz, timestamptz) is
  'Sets actual_send_count (users with a push Send event, over all generations) of what was due in [p_from, p_until); returns how many changed.';

revoke execute on function public.refresh_send_counts(timestamptz, timestamptz, timestamptz) from public;
grant execute on function public.refresh_send_counts(timestamptz, timestamptz, timestamptz) to service_role;
