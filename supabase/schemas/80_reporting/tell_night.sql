-- The matches of a day for the operator on duty, at a glance.

create function public.tell_night(p_from timestamptz, p_until timestamptz)
returns jsonb
language sql
stable
security invoker
set search_path = ''
as $$
  with told as (
    select
      match.id,
      match.kickoff_at,
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
        'generation', ledger.generation,
        'schedule_state', schedule.state,
        'preflight_at', ledger.preflight_at,
        'preflight_result', ledger.preflight_result,
        'expected', ledger.expected_send_count,
        'expected_min', ledger.expected_send_count_min,
        'expected_max', ledger.expected_send_count_max,
        'received', counted.received,
        'webhook_sends', counted.webhook_sends,
        'braze_reported', ledger.braze_reported_count,
        'high', counted.high,
        'medium', counted.medium,
        'low', counted.low,
        'alerts', coalesce(
          (
            select pg_catalog.jsonb_agg(
              pg_catalog.jsonb_build_object(
                'severity', alert.severity, 'rule', alert.rule, 'title', alert.title, 'since', alert.first_seen_at
              )
              order by alert.first_seen_at, alert.id
            )
            from public.alerts as alert
            where alert.match_id = match.id and alert.resolved_at is null
          ),
          '[]'
        )
      ) as line
    from public.matches as match
    left join public.schedule_ledger as ledger on ledger.match_id = match.id
    left join public.braze_schedules as schedule
      on schedule.ledger_id = ledger.id and schedule.generation = ledger.generation
    left join lateral (
      select
        count(distinct coalesce(event.external_user_id, event.device_id, event.event_id) collate "C") filter (
          where event.event_type = 'send' and event.channel = 'push' and event.confidence in ('high', 'medium')
        ) as received,
        count(*) filter (
          where event.event_type = 'send' and event.channel = 'webhook' and event.confidence in ('high', 'medium')
        ) as webhook_sends,
        count(*) filter (where event.confidence = 'high') as high,
        count(*) filter (where event.confidence = 'medium') as medium,
        count(*) filter (where event.confidence = 'low') as low
      from public.notification_sends as event
      where event.ledger_id = ledger.id
        and event.sent_at >= least(ledger.created_at, ledger.send_at_utc) - interval '1 day'
    ) as counted on ledger.id is not null
    where match.kickoff_at >= p_from and match.kickoff_at < p_until
  )
  select pg_catalog.jsonb_build_object(
    'matches', coalesce((select pg_catalog.jsonb_agg(told.line order by told.kickoff_at, told.id) from told), '[]'),
    'alerts', coalesce(
      (
        select pg_catalog.jsonb_agg(
          pg_catalog.jsonb_build_object(
            'severity', alert.severity, 'rule', alert.rule, 'title', alert.title, 'match_id', alert.match_id,
            'since', alert.first_seen_at
          )
          order by alert.first_seen_at, alert.id
        )
        from public.alerts as alert
        where alert.resolved_at is null and not exists (select from told where told.id = alert.match_id)
      ),
      '[]'
    )
  )
$$;

comment on function public.tell_night(timestamptz, timestamptz) is
  'The matches that kick off from p_from on and before p_until, each with schedule, pre-flight, counts, confidence and open alerts, and the open alerts of nothing of that.';
revoke all on function public.tell_night(timestamptz, timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.tell_night(timestamptz, timestamptz) to service_role;
