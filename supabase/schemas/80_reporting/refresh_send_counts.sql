-- How many users got the push of a match, kept on the ledger.
--
-- It is derived from the events and written apart from them: on the way in, 25,000 events of one match would queue on one
-- row. It holds the number when the events themselves are pruned.

create function public.refresh_send_counts(p_from timestamptz, p_until timestamptz, p_now timestamptz)
returns integer
language plpgsql
volatile
security invoker
set search_path = ''
-- With the times known to the planner it looks at their partitions alone; a matchday is half a million events.
set plan_cache_mode = 'force_custom_plan'
set work_mem = '64MB'
as $$
declare
  v_due uuid[];
  v_span_from timestamptz;
  v_span_until timestamptz;
  v_counts jsonb;
  v_ledger_ids uuid[];
  v_changed integer;
begin
  select pg_catalog.array_agg(ledger.id) into v_due
  from public.schedule_ledger as ledger
  where ledger.send_at_utc >= p_from and ledger.send_at_utc < least(p_until, p_now)
    -- Matches whose events are pruned are not counted again.
    and ledger.send_at_utc >= (select min(kept.starts_at) from private.event_partitions as kept);
  if v_due is null then
    return 0;
  end if;
  select lower(span.sending), upper(span.sending) into v_span_from, v_span_until
  from private.sending_span(v_due) as span (sending);

  with reached as (
    -- All matches in one pass: events of one time lie mixed on the same pages. Ids compare by bytes.
    select distinct
      event.ledger_id,
      coalesce(event.external_user_id, event.device_id, event.event_id) collate "C" as recipient
    from public.notification_sends as event
    where event.sent_at >= v_span_from and event.sent_at < v_span_until
      and event.ledger_id = any (v_due)
      and event.channel = 'push' and event.event_type = 'send'
      and event.confidence in ('high', 'medium')
  ),
  counted as (
    select reached.ledger_id, count(*) as users
    from reached
    group by reached.ledger_id
  )
  select
    coalesce(pg_catalog.jsonb_object_agg(ledger.id, coalesce(counted.users, 0)), '{}'),
    coalesce(pg_catalog.array_agg(ledger.id), '{}')
  into v_counts, v_ledger_ids
  from public.schedule_ledger as ledger
  left join counted on counted.ledger_id = ledger.id
  where ledger.id = any (v_due)
    and coalesce(counted.users, 0) is distinct from ledger.actual_send_count
    and (counted.users > 0 or ledger.actual_send_count is not null or ledger.status <> 'cancelled');

  perform 1
  from public.schedule_ledger as ledger
  where ledger.id = any (v_ledger_ids)
  order by ledger.id
  for no key update;

  -- updated_at stays: only a derived count changes.
  update public.schedule_ledger as ledger
  set actual_send_count = (v_counts ->> ledger.id::text)::integer
  where ledger.id = any (v_ledger_ids);
  get diagnostics v_changed = row_count;
  return v_changed;
end;
$$;

comment on function public.refresh_send_counts(timestamptz, timestamptz, timestamptz) is
  'Sets actual_send_count (users with a push Send event, over all generations) of what was due in [p_from, p_until); returns how many changed.';
revoke all on function public.refresh_send_counts(timestamptz, timestamptz, timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.refresh_send_counts(timestamptz, timestamptz, timestamptz) to service_role;
