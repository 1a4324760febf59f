-- Finds the matches that got events since the last look, and says which are to be counted next.
--
-- Events are found by their time of arrival, which costs their way in nothing. A request that was under way at the last look
-- may store its events behind it, so each look goes back by more than any request can take. One call reads one hour of
-- arrivals at most: after an outage there are several.

create function public.mark_recounts(
  p_now timestamptz,
  p_from timestamptz default null,
  p_until timestamptz default null
)
returns jsonb
language plpgsql
volatile
security invoker
set search_path = ''
set jit = off
-- With the times known to the planner it reads the newest pages alone.
set plan_cache_mode = 'force_custom_plan'
as $$
declare
  v_until timestamptz := (select progress.marked_until from private.recount_progress as progress);
  v_ledger_ids uuid[];
begin
  if v_until is null then
    -- Older matches keep the counts that they have.
    v_until := p_now;
  else
    v_ledger_ids := array(
      select distinct event.ledger_id
      from public.notification_sends as event
      where event.received_at > v_until - interval '10 minutes'
        and event.received_at <= least(v_until + interval '1 hour', p_now)
        and event.ledger_id is not null
    );
    v_until := greatest(v_until, least(v_until + interval '1 hour', p_now));
  end if;

  insert into private.recounts (ledger_id, marked_at)
  select changed.ledger_id, p_now
  from (
    select told.ledger_id from pg_catalog.unnest(v_ledger_ids) as told (ledger_id)
    union
    -- Due and without any event: that is a count too.
    select ledger.id
    from public.schedule_ledger as ledger
    where ledger.counted_at is null and ledger.status <> 'cancelled'
      and ledger.send_at_utc > p_now - interval '14 days' and ledger.send_at_utc <= p_now
    union
    select ledger.id
    from public.schedule_ledger as ledger
    where ledger.send_at_utc >= p_from and ledger.send_at_utc < least(p_until, p_now)
      -- A run that was cut short is continued, not begun again.
      and (ledger.counted_at is null or ledger.counted_at < p_now - interval '10 minutes')
  ) as changed
  order by changed.ledger_id
  on conflict (ledger_id) do nothing;

  insert into private.recount_progress as progress (marked_until)
  values (v_until)
  on conflict (only_row) do update set marked_until = greatest(progress.marked_until, excluded.marked_until);

  return pg_catalog.jsonb_build_object(
    'is_complete', v_until >= p_now,
    'ledger_ids', (
      select coalesce(pg_catalog.jsonb_agg(due.ledger_id order by due.send_at_utc desc, due.ledger_id), '[]')
      from (
        select recount.ledger_id, ledger.send_at_utc
        from private.recounts as recount
        join public.schedule_ledger as ledger on ledger.id = recount.ledger_id
        order by ledger.send_at_utc desc, recount.ledger_id
        limit 1000
      ) as due
    )
  );
end;
$$;

comment on function public.mark_recounts(timestamptz, timestamptz, timestamptz) is
  'Marks the ledger rows with events that arrived since the last call, up to an hour of arrivals, those that became due, and all due in [p_from, p_until) that were not counted within 10 minutes. Returns {is_complete: false while there are later arrivals, ledger_ids: what is to be counted, latest send first, at most 1,000}.';
revoke all on function public.mark_recounts(timestamptz, timestamptz, timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.mark_recounts(timestamptz, timestamptz, timestamptz) to service_role;
