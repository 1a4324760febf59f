-- The messages to send now, claimed by the caller.
--
-- One sender at a time: two would send faster than the webhook accepts, and split what belongs in one digest.

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
set jit = off
as $$
declare
  v_claim uuid := pg_catalog.gen_random_uuid();
  v_ids bigint[];
begin
  if not pg_catalog.pg_try_advisory_xact_lock(pg_catalog.hashtextextended('claim_alert_deliveries', 0))
    or exists (select 1 from public.alerts as claimed where claimed.delivery_claimed_until > p_now) then
    return jsonb '[]';
  end if;

  with due as (
    select undelivered.id, message.kind
    from public.alerts as undelivered
    cross join lateral private.alert_message(undelivered, p_channel, p_now) as message (kind)
    where (undelivered.resolved_at is null or (undelivered.delivered_at is not null and undelivered.resolution_delivered_at is null))
      and message.kind is not null
      and (undelivered.next_delivery_at is null or undelivered.next_delivery_at <= p_now)
      and (undelivered.delivery_kind is distinct from message.kind or undelivered.delivery_attempts < p_attempts_max)
    order by pg_catalog.array_position(array['critical', 'warning', 'info'], undelivered.severity), undelivered.first_seen_at, undelivered.id
    limit p_limit
    -- A row that another transaction changes now waits for the next run.
    for update of undelivered skip locked
  ),
  claimed as (
    update public.alerts as alert
    set delivery_claim = v_claim,
      delivery_claimed_until = p_now + pg_catalog.make_interval(secs => p_claim_seconds),
      delivery_kind = due.kind,
      delivery_attempts = case when alert.delivery_kind = due.kind then alert.delivery_attempts else 0 end
    from due
    where alert.id = due.id
    returning alert.id
  )
  select pg_catalog.array_agg(claimed.id) into v_ids from claimed;
  -- Most runs have nothing to tell, and need no verdicts.
  if v_ids is null then
    return jsonb '[]';
  end if;

  return (
    with verdicts as materialized (
      select verdict.*
      from private.push_verdicts(
        array(select distinct concerned.match_id from public.alerts as concerned where concerned.id = any (v_ids)), '{}', p_now
      ) as verdict
    )
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
      'openings', (
        select count(*) from public.alerts as opened
        where opened.fingerprint = alert.fingerprint and opened.id <= alert.id
          and opened.first_seen_at > alert.first_seen_at - interval '6 hours'
      ),
      'braze_says', alert.details ->> 'detail',
      'closed_because', (
        select action.reason from public.operator_actions as action
        where alert.resolved_as = 'person' and action.action = 'resolve'
          and action.acted_at = alert.resolved_at and action.details ->> 'fingerprint' = alert.fingerprint
        order by action.id desc
        limit 1
      ),
      'verdict', pg_catalog.replace(judged.verdict, '_', ' ') || ': ' || judged.why,
      'attempts', alert.delivery_attempts
    ) order by pg_catalog.array_position(array['critical', 'warning', 'info'], alert.severity), alert.first_seen_at, alert.id), '[]')
    from public.alerts as alert
    left join public.matches as fixture on fixture.id = alert.match_id
    left join verdicts as judged on judged.match_id = alert.match_id
    where alert.id = any (v_ids)
  );
end;
$$;

comment on function public.claim_alert_deliveries(text, integer, integer, integer, timestamptz) is
  'Claims up to p_limit messages about alerts, the worst first, for p_claim_seconds; none while another claim stands.';
revoke all on function public.claim_alert_deliveries(text, integer, integer, integer, timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.claim_alert_deliveries(text, integer, integer, integer, timestamptz) to service_role;
