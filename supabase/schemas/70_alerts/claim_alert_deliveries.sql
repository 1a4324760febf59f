-- The messages to send now, claimed by the caller.
--
-- One sender at a time: two would send faster than the webhook accepts, and split what belongs in one digest.

create function private.alert_message(p_alert public.alerts, p_channel text)
returns text
language sql
immutable
security invoker
set search_path = ''
as $$
  select case
    when p_alert.resolved_at is not null then
      case
        when p_alert.delivered_at is null or p_alert.resolution_delivered_at is not null then null
        -- It was only logged, not sent to the webhook.
        when p_channel = 'webhook' and p_alert.delivered_as = 'log' then null
        else 'resolved'
      end
    when p_alert.delivered_at is null or (p_channel = 'webhook' and p_alert.delivered_as = 'log') then 'raised'
    when pg_catalog.array_position(array['info', 'warning', 'critical'], p_alert.severity)
      > pg_catalog.array_position(array['info', 'warning', 'critical'], p_alert.delivered_severity) then 'escalated'
  end;
$$;

comment on function private.alert_message(alerts, text) is
  'The next message about an alert on a channel (webhook or log): raised, escalated, resolved, or null.';
revoke all on function private.alert_message(alerts, text) from public, anon, authenticated, service_role;
grant execute on function private.alert_message(alerts, text) to service_role;

create function public.claim_alert_deliveries(
  p_channel text,
  p_limit integer,
  p_claim_seconds integer,
  p_attempts_max integer,
  p_now timestamptz
)
returns jsonb
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  v_claim uuid := pg_catalog.gen_random_uuid();
  v_ids bigint[];
begin
  if not pg_catalog.pg_try_advisory_xact_lock(pg_catalog.hashtextextended('claim_alert_deliveries', 0))
    or exists (select 1 from public.alerts as claimed where claimed.delivery_claimed_until > p_now) then
    return jsonb '[]';
  end if;

  select pg_catalog.array_agg(due.id) into v_ids
  from (
    select undelivered.id
    from public.alerts as undelivered
    cross join lateral private.alert_message(undelivered, p_channel) as message (kind)
    where (undelivered.resolved_at is null or (undelivered.delivered_at is not null and undelivered.resolution_delivered_at is null))
      and message.kind is not null
      and (undelivered.next_delivery_at is null or undelivered.next_delivery_at <= p_now)
      and (undelivered.delivery_kind is distinct from message.kind or undelivered.delivery_attempts < p_attempts_max)
    order by pg_catalog.array_position(array['critical', 'warning', 'info'], undelivered.severity), undelivered.first_seen_at, undelivered.id
    limit p_limit
    -- A row that another transaction changes now waits for the next run.
    for update of undelivered skip locked
  ) as due;

  update public.alerts as alert
  set delivery_claim = v_claim,
    delivery_claimed_until = p_now + pg_catalog.make_interval(secs => p_claim_seconds),
    delivery_kind = private.alert_message(alert, p_channel),
    delivery_attempts = case
      when alert.delivery_kind = private.alert_message(alert, p_channel) then alert.delivery_attempts
      else 0
    end
  where alert.id = any (v_ids);

  return (
    select coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
      'claim', v_claim,
      'alert_id', alert.id,
      'kind', alert.delivery_kind,
      'rule', alert.rule,
      'severity', alert.severity,
      'audience', alert.audience,
      'title', alert.title,
      'match_id', alert.match_id,
      'home_team', fixture.home_team,
      'away_team', fixture.away_team,
      'kickoff_at', fixture.kickoff_at,
      'first_seen_at', alert.first_seen_at,
      'resolved_at', alert.resolved_at,
      'occurrences', alert.occurrences,
      'attempts', alert.delivery_attempts
    ) order by pg_catalog.array_position(array['critical', 'warning', 'info'], alert.severity), alert.first_seen_at, alert.id), '[]')
    from public.alerts as alert
    left join public.matches as fixture on fixture.id = alert.match_id
    where alert.id = any (v_ids)
  );
end;
$$;

comment on function public.claim_alert_deliveries(text, integer, integer, integer, timestamptz) is
  'Claims up to p_limit messages about alerts, the worst first, for p_claim_seconds; none while another claim stands.';
revoke all on function public.claim_alert_deliveries(text, integer, integer, integer, timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.claim_alert_deliveries(text, integer, integer, integer, timestamptz) to service_role;
