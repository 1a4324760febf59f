-- The matches of a day in one round trip, for the dashboard and for `task status`.

create function public.matchday_summary(p_from timestamptz, p_until timestamptz)
returns jsonb
language plpgsql
stable
security invoker
set search_path = ''
-- With the times known to the planner it looks at their partitions alone.
set plan_cache_mode = 'force_custom_plan'
as $$
declare
  v_ids bigint[];
  v_received jsonb;
begin
  v_ids := array(
    select match.id from public.matches as match
    where match.kickoff_at >= p_from and match.kickoff_at < p_until
    union
    select ledger.match_id from public.schedule_ledger as ledger
    where ledger.send_at_utc >= p_from and ledger.send_at_utc < p_until
  );

  -- Operators have no right to user ids: their `received` is null.
  if pg_catalog.has_column_privilege('public.notification_sends', 'external_user_id', 'select') then
    select pg_catalog.jsonb_object_agg(counted.id, counted.received) into v_received
    from (
      select ledger.id, (
        select count(distinct coalesce(event.external_user_id, event.device_id, event.event_id) collate "C")
        from public.notification_sends as event
        where event.ledger_id = ledger.id
          and event.sent_at >= least(ledger.created_at, ledger.send_at_utc) - interval '1 day'
          and event.event_type = 'send' and event.channel = 'push' and event.confidence in ('high', 'medium')
      ) as received
      from public.schedule_ledger as ledger
      where ledger.match_id = any (v_ids)
    ) as counted;
  end if;

  return pg_catalog.jsonb_build_object(
    'matches',
    (
      select coalesce(pg_catalog.jsonb_agg(
        pg_catalog.jsonb_build_object(
          'match_id', match.id,
          'competition', match.competition,
          'home_team', match.home_team,
          'away_team', match.away_team,
          'kickoff_at', match.kickoff_at,
          'match_status', match.status,
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
          'received', v_received -> ledger.id::text,
          'braze_reported', ledger.braze_reported_count,
          'sends', counted.sends,
          'webhook_sends', counted.webhook_sends,
          'opens', counted.opens,
          'high', counted.high,
          'medium', counted.medium,
          'low', counted.low,
          'last_event_at', counted.last_received_at,
          'alerts', (
            select coalesce(pg_catalog.jsonb_agg(
              pg_catalog.jsonb_build_object(
                'id', alert.id, 'rule', alert.rule, 'severity', alert.severity, 'title', alert.title,
                'first_seen_at', alert.first_seen_at
              ) order by alert.first_seen_at, alert.id
            ), '[]')
            from public.alerts as alert
            where alert.match_id = match.id and alert.resolved_at is null
          )
        ) order by coalesce(ledger.send_at_utc, match.kickoff_at), match.id
      ), '[]')
      from public.matches as match
      -- The push of that date: a match that was sent and is played again has one on each.
      left join lateral (
        select intent.*
        from public.schedule_ledger as intent
        where intent.match_id = match.id and (
          intent.replaced_at is null or (intent.send_at_utc >= p_from and intent.send_at_utc < p_until)
        )
        order by intent.send_at_utc >= p_from and intent.send_at_utc < p_until desc, intent.intent desc
        limit 1
      ) as ledger on true
      left join public.braze_schedules as schedule
        on schedule.ledger_id = ledger.id and schedule.generation = ledger.generation
      cross join lateral (
        select
          count(*) filter (
            where event.event_type = 'send' and event.channel = 'push' and event.confidence in ('high', 'medium')
          ) as sends,
          count(*) filter (
            where event.event_type = 'send' and event.channel = 'webhook' and event.confidence in ('high', 'medium')
          ) as webhook_sends,
          count(*) filter (where event.event_type = 'open' and event.confidence in ('high', 'medium')) as opens,
          count(*) filter (where event.confidence = 'high') as high,
          count(*) filter (where event.confidence = 'medium') as medium,
          count(*) filter (where event.confidence = 'low') as low,
          max(event.received_at) as last_received_at
        from public.notification_sends as event
        where event.ledger_id = ledger.id
          and event.sent_at >= least(ledger.created_at, ledger.send_at_utc) - interval '1 day'
      ) as counted
      where match.id = any (v_ids)
    ),
    'alerts',
    (
      select coalesce(pg_catalog.jsonb_agg(
        pg_catalog.jsonb_build_object(
          'id', alert.id, 'rule', alert.rule, 'severity', alert.severity, 'title', alert.title,
          'first_seen_at', alert.first_seen_at, 'match_id', alert.match_id
        ) order by alert.first_seen_at, alert.id
      ), '[]')
      from public.alerts as alert
      where alert.resolved_at is null and (alert.match_id is null or alert.match_id <> all (v_ids))
    )
  );
end;
$$;

comment on function public.matchday_summary(timestamptz, timestamptz) is
  '{matches, alerts}: the matches with kick-off or send in [p_from, p_until), soonest send first, each with ledger, schedule, event counts and open alerts; and the open alerts of everything else. received counts users; null for callers without the right to user ids.';
revoke all on function public.matchday_summary(timestamptz, timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.matchday_summary(timestamptz, timestamptz) to authenticated, service_role;
