-- Alerts for pushes that were sent outside all times of their match.
--
-- Such a send is no proof: something else sent it, or Braze did not keep to the schedule.

create function private.raise_untimely_sends(p_ledger_ids uuid[], p_now timestamptz)
returns void
language plpgsql
volatile
security invoker
set search_path = ''
set jit = off
as $$
declare
  v_alerts jsonb;
begin
  with untimely as materialized (
    select
      event.ledger_id, event.timing, count(*) as events, min(event.sent_at) as first_sent_at,
      max(event.sent_at) as last_sent_at, pg_catalog.array_agg(distinct event.campaign_id) as campaign_ids
    from public.notification_sends as event
    where event.ledger_id = any (p_ledger_ids) and event.timing in ('early', 'late')
      and event.event_type = 'send' and event.channel in ('push', 'webhook')
    group by event.ledger_id, event.timing
  )
  select coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
    'fingerprint', 'sent_' || untimely.timing || ':' || ledger.match_id,
    'rule', 'sent_' || untimely.timing,
    'severity', 'critical',
    'audience', 'admin',
    'title', private.match_title(ledger.match_id) || ': '
      || private.counted_text(untimely.events, 'push was sent ', 'pushes were sent ')
      || case untimely.timing when 'early' then 'before' else 'long after' end || ' all scheduled times (first at '
      || pg_catalog.to_char(untimely.first_sent_at at time zone 'utc', 'YYYY-MM-DD HH24:MI:SS') || ' UTC)',
    'match_id', ledger.match_id,
    'details', pg_catalog.jsonb_build_object(
      'events', untimely.events, 'first_sent_at', untimely.first_sent_at, 'last_sent_at', untimely.last_sent_at,
      'send_at', ledger.send_at_utc, 'campaign_ids', untimely.campaign_ids
    )
  ) order by ledger.match_id, untimely.timing), '[]')
  into v_alerts
  from untimely
  join public.schedule_ledger as ledger on ledger.id = untimely.ledger_id;

  if v_alerts <> '[]' then
    perform public.raise_alerts(v_alerts, p_now);
  end if;
  -- An alert about events that belong to another match is no harm of this one.
  update public.alerts as open
  set resolved_at = p_now, details = open.details || jsonb '{"no_longer_seen": true}'
  where open.resolved_at is null and open.rule in ('sent_early', 'sent_late')
    and open.match_id in (select ledger.match_id from public.schedule_ledger as ledger where ledger.id = any (p_ledger_ids))
    and not exists (
      select 1
      from pg_catalog.jsonb_to_recordset(v_alerts) as raised (fingerprint text)
      where raised.fingerprint = open.fingerprint
    );
end;
$$;

comment on function private.raise_untimely_sends(uuid[], timestamptz) is
  'Alerts sent_early and sent_late for the sends of these ledger rows that lie outside all their times; resolves those whose events went to another match.';
revoke all on function private.raise_untimely_sends(uuid[], timestamptz) from public, anon, authenticated, service_role;
grant execute on function private.raise_untimely_sends(uuid[], timestamptz) to service_role;
