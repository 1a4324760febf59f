-- The verdict of one match, and everything that is known of it in order of time.

create function public.match_timeline(p_match_id bigint, p_now timestamptz default now())
returns jsonb
language plpgsql
stable
security invoker
set search_path = ''
set jit = off
as $$
declare
  v_ledger_ids uuid[];
  v_from timestamptz;
  v_users jsonb;
begin
  -- All intents: a match that is pushed again keeps its history.
  select pg_catalog.array_agg(ledger.id), min(least(ledger.created_at, ledger.send_at_utc)) - interval '1 day'
  into v_ledger_ids, v_from
  from public.schedule_ledger as ledger
  where ledger.match_id = p_match_id;

  -- Operators have no right to user ids, so their timeline has no counts of users.
  if pg_catalog.has_column_privilege('public.notification_sends', 'external_user_id', 'select') then
    select coalesce(pg_catalog.jsonb_object_agg(counted.key, counted.users), '{}') into v_users
    from (
      select
        pg_catalog.jsonb_build_array(
          pg_catalog.date_trunc('minute', event.sent_at, 'UTC'), event.channel, event.event_type, event.generation,
          event.correlation_method, event.confidence
        )::text as key,
        count(distinct event.external_user_id) as users
      from public.notification_sends as event
      where event.ledger_id = any (v_ledger_ids) and event.sent_at >= v_from
      group by 1
    ) as counted;
  end if;

  return (
    -- `step` orders entries with the same time: a cause before its effect.
    with told (at, step, kind, what, details) as (
      select change.changed_at, 1, 'fixture', change.kind, change.changes
      from public.match_changes as change
      where change.match_id = p_match_id

      union all
      select
        action.acted_at, 2, 'person', action.action,
        pg_catalog.jsonb_build_object(
          'generation', action.generation, 'reason', action.reason, 'actor_kind', action.actor_kind,
          'actor_id', action.actor_id, 'before', action.before, 'run_id', action.run_id
        ) || action.details || case
          when action.undoes is null then jsonb '{}'
          else pg_catalog.jsonb_build_object('undoes', (
            select undone.action from public.operator_actions as undone where undone.id = action.undoes
          ))
        end
      from public.operator_actions as action
      where action.match_id = p_match_id

      union all
      select
        attempt.opened_at, case attempt.kind when 'send_id' then 3 else 5 end, 'attempt', attempt.kind || ' opened',
        pg_catalog.jsonb_build_object(
          'attempt_id', attempt.id, 'run_id', attempt.run_id, 'reason', attempt.reason,
          'generation', attempt.generation, 'braze_schedule_id', attempt.braze_schedule_id
        )
      from public.schedule_attempts as attempt
      where attempt.match_id = p_match_id

      union all
      select
        attempt.closed_at, case attempt.kind when 'send_id' then 4 else 6 end, 'attempt', attempt.kind || ' ' || attempt.outcome,
        pg_catalog.jsonb_build_object(
          'attempt_id', attempt.id, 'generation', attempt.generation,
          'braze_schedule_id', attempt.braze_schedule_id, 'http_status', attempt.http_status, 'detail', attempt.detail
        )
      from public.schedule_attempts as attempt
      where attempt.match_id = p_match_id and attempt.closed_at is not null

      union all
      select
        attempt.resolved_at, 7, 'attempt', attempt.kind || ' resolved',
        pg_catalog.jsonb_build_object('attempt_id', attempt.id, 'resolved_as', attempt.resolved_as)
      from public.schedule_attempts as attempt
      where attempt.match_id = p_match_id and attempt.resolved_at is not null

      union all
      select
        ledger.preflight_at, 8, 'check', 'preflight ' || ledger.preflight_result,
        pg_catalog.jsonb_build_object('generation', ledger.generation)
      from public.schedule_ledger as ledger
      where ledger.match_id = p_match_id and ledger.preflight_at is not null

      union all
      select
        event.minute, 9, 'events', event.channel || ' ' || event.event_type,
        pg_catalog.jsonb_build_object(
          'events', event.events,
          'generation', event.generation,
          'method', event.correlation_method,
          'confidence', event.confidence,
          'last_received_at', event.last_received_at
        ) || case
          when v_users is null then jsonb '{}'
          else pg_catalog.jsonb_build_object('users', v_users -> pg_catalog.jsonb_build_array(
            event.minute, event.channel, event.event_type, event.generation, event.correlation_method, event.confidence
          )::text)
        end
      from private.events_by_minute(v_ledger_ids, v_from) as event

      union all
      select
        log.logged_at, 10,
        case
          when log.action in ('attribution_changed', 'low_confidence_correlation', 'contradicting_evidence')
            then 'attribution'
          else 'log'
        end,
        log.action,
        pg_catalog.jsonb_build_object(
          'function_name', log.function_name, 'reason', log.reason, 'run_id', log.run_id, 'details', log.details
        )
      from public.scheduler_logs as log
      where log.match_id = p_match_id

      union all
      select
        ledger.sent_confirmed_at, 11, 'ledger', 'sent',
        pg_catalog.jsonb_build_object('generation', ledger.generation, 'evidence', ledger.sent_evidence)
      from public.schedule_ledger as ledger
      where ledger.match_id = p_match_id and ledger.sent_confirmed_at is not null

      union all
      -- updated_at is the time of the cancellation: a cancelled row changes only when it is reactivated.
      select
        ledger.updated_at, 11, 'ledger', 'cancelled',
        pg_catalog.jsonb_build_object(
          'generation', ledger.generation, 'reason', ledger.cancel_reason, 'notes', ledger.notes
        )
      from public.schedule_ledger as ledger
      where ledger.match_id = p_match_id and ledger.status = 'cancelled'

      union all
      select
        ledger.send_at_utc, 2, 'ledger', 'due', pg_catalog.jsonb_build_object('generation', ledger.generation)
      from public.schedule_ledger as ledger
      where ledger.match_id = p_match_id and ledger.status <> 'cancelled'

      union all
      select
        alert.first_seen_at, 12, 'alert', alert.rule || ' raised',
        pg_catalog.jsonb_build_object(
          'severity', alert.severity, 'title', alert.title, 'occurrences', alert.occurrences, 'details', alert.details
        )
      from public.alerts as alert
      where alert.match_id = p_match_id

      union all
      select
        alert.resolved_at, 13, 'alert', alert.rule || ' resolved',
        pg_catalog.jsonb_build_object('title', alert.title, 'first_seen_at', alert.first_seen_at)
      from public.alerts as alert
      where alert.match_id = p_match_id and alert.resolved_at is not null
    )
    select coalesce((
      select pg_catalog.jsonb_build_array(pg_catalog.jsonb_build_object(
        'at', p_now, 'kind', 'verdict', 'what', judged.verdict,
        'details', judged.told - array['match_id', 'home_team', 'away_team', 'competition', 'kickoff_at', 'verdict', 'alerts']
      ))
      from private.push_verdicts(array[p_match_id], '{}', p_now) as judged
    ), '[]') || coalesce(pg_catalog.jsonb_agg(
      pg_catalog.jsonb_build_object('at', told.at, 'kind', told.kind, 'what', told.what, 'details', told.details)
      order by told.at, told.step, told.what, told.details::text
    ), '[]')
    from told
  );
end;
$$;

comment on function public.match_timeline(bigint, timestamptz) is
  'The timeline of a match as [{at, kind: fixture | person | attempt | check | events | attribution | log | ledger | alert, what, details}], oldest first; before them the verdict at p_now, of kind verdict.';
revoke all on function public.match_timeline(bigint, timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.match_timeline(bigint, timestamptz) to authenticated, service_role;
