-- Resolves alerts of sends that lie in the past: they cannot be taken back.

create function public.resolve_past_alerts(p_now timestamptz)
returns integer
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  v_resolved integer;
begin
  with past as (
    select open.id
    from public.alerts as open
    join public.schedule_ledger as ledger on ledger.match_id = open.match_id
    where open.resolved_at is null
      and open.rule = 'unexpected_send'
      and ledger.status <> 'pending'
      and open.first_seen_at < p_now - interval '24 hours'
      and not exists (
        select 1
        from public.braze_schedules as schedule
        where schedule.ledger_id = ledger.id
          and private.can_still_send(schedule.send_at_utc, schedule.moving_to_utc, p_now)
      )
    order by open.fingerprint
    for update of open
  ),
  resolved as (
    update public.alerts as open
    set resolved_at = p_now
    from past
    where open.id = past.id
    returning open.id
  )
  select count(*)::integer into v_resolved from resolved;
  return v_resolved;
end;
$$;

comment on function public.resolve_past_alerts(timestamptz) is
  'Resolves unexpected_send once the match is sent or cancelled and nothing of it can be sent any more: a day after its last send.';
revoke all on function public.resolve_past_alerts(timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.resolve_past_alerts(timestamptz) to service_role;
