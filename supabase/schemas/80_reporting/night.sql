-- The matches whose kick-off or push lies in a window, with what is known of each send, in one round trip.

create function public.night(p_from timestamptz, p_until timestamptz)
returns jsonb
language plpgsql
stable
security invoker
set search_path = ''
-- With the times known to the planner it looks at their partitions alone.
set plan_cache_mode = 'force_custom_plan'
as $$
begin
  return (
    with chosen as materialized (
      select match.id, match.competition, match.home_team, match.away_team, match.kickoff_at, match.status
      from public.matches as match
      where match.kickoff_at >= p_from and match.kickoff_at < p_until
      union
      select match.id, match.competition, match.home_team, match.away_team, match.kickoff_at, match.status
      from public.schedule_ledger as ledger
      join public.matches as match on match.id = ledger.match_id
      where ledger.send_at_utc >= p_from and ledger.send_at_utc < p_until
    )
    select coalesce(pg_catalog.jsonb_agg(
      pg_catalog.jsonb_build_object(
        'match_id', chosen.id,
        'competition', chosen.competition,
        'home_team', chosen.home_team,
        'away_team', chosen.away_team,
        'kickoff_at', chosen.kickoff_at,
        'match_status', chosen.status,
        'send_at', ledger.send_at_utc,
        'status', ledger.status,
        'cancel_reason', ledger.cancel_reason,
        'sent_evidence', ledger.sent_evidence,
        'sent_confirmed_at', ledger.sent_confirmed_at,
        'generation', ledger.generation,
        'schedule_state', schedule.state,
        'preflight_at', ledger.preflight_at,
        'preflight_result', ledger.preflight_result,
        'expected', ledger.expected_send_count,
        'expected_min', ledger.expected_send_count_min,
        'expected_max', ledger.expected_send_count_max,
        'users', ledger.actual_send_count,
        'braze_reported', ledger.braze_reported_count,
        'sends', counted.sends,
        'opens', counted.opens,
        'high', counted.high,
        'medium', counted.medium,
        'low', counted.low,
        'last_event_at', counted.last_received_at,
        'alerts', alert.alerts
      ) order by coalesce(ledger.send_at_utc, chosen.kickoff_at), chosen.id
    ), '[]')
    from chosen
    left join public.schedule_ledger as ledger on ledger.match_id = chosen.id
    left join public.braze_schedules as schedule
      on schedule.ledger_id = ledger.id and schedule.generation = ledger.generation
    cross join lateral (
      select
        count(*) filter (where event.event_type = 'send' and event.channel = 'push' and event.confidence in ('high', 'medium'))
          as sends,
        count(*) filter (where event.event_type = 'open' and event.confidence in ('high', 'medium')) as opens,
        count(*) filter (where event.confidence = 'high') as high,
        count(*) filter (where event.confidence = 'medium') as medium,
        count(*) filter (where event.confidence = 'low') as low,
        max(event.received_at) as last_received_at
      from public.notification_sends as event
      where event.ledger_id = ledger.id
        and event.sent_at >= least(ledger.created_at, ledger.send_at_utc) - interval '1 day'
    ) as counted
    cross join lateral (
      select coalesce(pg_catalog.jsonb_agg(
        pg_catalog.jsonb_build_object(
          'id', told.id, 'rule', told.rule, 'severity', told.severity, 'title', told.title,
          'first_seen_at', told.first_seen_at
        ) order by told.first_seen_at, told.id
      ), '[]') as alerts
      from public.alerts as told
      where told.match_id = chosen.id and told.resolved_at is null
    ) as alert
  );
end;
$$;

comment on function public.night(timestamptz, timestamptz) is
  'The matches that are played or pushed in [p_from, p_until), soonest push first: ledger, schedule, events counted by confidence, open alerts.';
revoke all on function public.night(timestamptz, timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.night(timestamptz, timestamptz) to authenticated, service_role;
