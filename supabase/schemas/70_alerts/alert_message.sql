-- What is to be told of an alert on a channel now.

create function private.alert_message(p_alert public.alerts, p_channel text, p_now timestamptz)
returns text
language plpgsql
stable
security invoker
set search_path = ''
set jit = off
as $$
declare
  -- Three openings within this time are an alert that comes and goes.
  v_watched constant interval := interval '6 hours';
  v_rest constant interval := interval '1 hour';
  v_severities constant text[] := array['info', 'warning', 'critical'];
  v_is_told boolean := p_alert.delivered_at is not null
    -- It was only logged, not sent to the webhook.
    and not (p_channel = 'webhook' and p_alert.delivered_as = 'log');
begin
  if p_alert.resolved_at is not null then
    if not v_is_told or p_alert.resolution_delivered_at is not null then
      return null;
    end if;
    if p_alert.told_as_changing and (
      p_alert.resolved_at > p_now - v_rest
      or exists (
        select 1 from public.alerts as later
        where later.fingerprint = p_alert.fingerprint and later.id > p_alert.id
          and (later.resolved_at is null or later.resolved_at > p_now - v_rest)
      )
    ) then
      return null;
    end if;
    return case p_alert.resolved_as when 'time_passed' then 'over' when 'person' then 'closed' else 'resolved' end;
  end if;

  if v_is_told then
    return case
      when pg_catalog.array_position(v_severities, p_alert.severity)
        > pg_catalog.array_position(v_severities, p_alert.delivered_severity) then 'escalated'
      when p_alert.told_as_changing and p_alert.first_seen_at <= p_now - v_rest then 'raised'
    end;
  end if;
  if p_alert.kind = 'harm' or p_alert.first_seen_at <= p_now - v_rest or (
    select count(*) from public.alerts as earlier
    where earlier.fingerprint = p_alert.fingerprint and earlier.id < p_alert.id
      and earlier.first_seen_at > p_alert.first_seen_at - v_watched
  ) < 2 then
    return 'raised';
  end if;
  return case when not exists (
    select 1 from public.alerts as earlier
    where earlier.fingerprint = p_alert.fingerprint and earlier.id < p_alert.id and earlier.told_as_changing
      and earlier.first_seen_at > p_alert.first_seen_at - v_watched
      and pg_catalog.array_position(v_severities, earlier.delivered_severity)
        >= pg_catalog.array_position(v_severities, p_alert.severity)
  ) then 'changing' end;
end;
$$;

comment on function private.alert_message(alerts, text, timestamptz) is
  'The next message about an alert on a channel (webhook or log): raised, escalated, changing, resolved, over, closed, or null.';
revoke all on function private.alert_message(alerts, text, timestamptz) from public, anon, authenticated, service_role;
grant execute on function private.alert_message(alerts, text, timestamptz) to service_role;
