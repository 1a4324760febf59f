-- What is stored about the push of a match, gathered for its verdict: one row a push.
--
-- Set-based and by stored counts alone: a day of 150 matches reads no event.

create function private.push_facts(p_match_ids bigint[], p_earlier_ids uuid[], p_now timestamptz)
returns table (
  match_id bigint, competition text, home_team text, away_team text, kickoff_at timestamptz, kickoff_confirmed boolean,
  is_earlier boolean, off text, off_since text, unknown_team text, was_entered_late boolean, due_at timestamptz, freeze interval,
  create_ends_at timestamptz, plan_begins_at timestamptz, scheduler_succeeded_at timestamptz, known_since timestamptz,
  ledger_id uuid, intent integer, generation integer, status text, cancel_reason text, ledger_send_at timestamptz,
  sent_evidence text, reported integer, expected_min integer, expected_max integer,
  act text, act_reason text,
  state text, send_at timestamptz, last_send_at timestamptz, moving_to timestamptz, doubt text, listed_at timestamptz,
  missed_at timestamptz, made_at timestamptz, may_send boolean, other_generation integer,
  is_under_way boolean, create_answer text, change_answer text, change_refused boolean,
  campaign_state text, is_turned_away boolean, held_for integer, held_users integer, is_removal_held boolean,
  missed_because text, is_move_closed boolean,
  users bigint, bounced bigint, aborted bigint, opened bigint, abort_reasons jsonb, first_sent_at timestamptz,
  last_sent_at timestamptz, double_users integer, alerts jsonb
)
language plpgsql
stable
security invoker
set search_path = ''
set jit = off
as $$
-- The columns of its answer are named like those that it reads.
#variable_conflict use_column
begin
  return query
  with asked as (
    select match.id as match_id, ledger.id as ledger_id, false as is_earlier
    from public.matches as match
    left join public.schedule_ledger as ledger on ledger.match_id = match.id and ledger.replaced_at is null
    where match.id = any (p_match_ids)
    union all
    select earlier.match_id, earlier.id, true
    from public.schedule_ledger as earlier
    where earlier.id = any (p_earlier_ids)
  ),
  schedules as (
    select
      schedule.ledger_id,
      -- Or have been sent, although nothing proves it: also what was deleted too late for Braze to heed it surely.
      coalesce(pg_catalog.bool_or(may.be_sent), false) as may_send,
      max(schedule.generation) filter (
        where may.be_sent and schedule.generation <> ledger.generation
          and private.can_still_send(schedule.send_at_utc, schedule.moving_to_utc, p_now)
      ) as other_generation
    from asked
    join public.schedule_ledger as ledger on ledger.id = asked.ledger_id
    join public.braze_schedules as schedule on schedule.ledger_id = ledger.id
    cross join private.send_timing() as timing
    cross join lateral (
      select schedule.shut_out_at is null and (
        private.can_be_live(schedule.state) or (
          schedule.state = 'deleted' and schedule.settled_at is null and schedule.absent_at is null
          and schedule.braze_schedule_id is not null
          and coalesce(schedule.deleted_at, schedule.updated_at) > schedule.send_at_utc - timing.freeze
        )
      ) as be_sent
    ) as may
    group by schedule.ledger_id
  ),
  campaigns as (
    select distinct on (observation.campaign_id)
      observation.campaign_id, observation.campaign_state as state, observation.send_gate
    from public.braze_observations as observation
    where observation.campaign_state <> 'unknown' and observation.began_at <= p_now
    order by observation.campaign_id, observation.began_at desc, observation.id desc
  ),
  counts as (
    select
      counted.ledger_id, sum(counted.users) as users, sum(counted.bounced_users) as bounced,
      sum(counted.aborted_users) as aborted, sum(counted.opened_users) as opened,
      min(counted.first_sent_at) as first_sent_at, max(counted.last_sent_at) as last_sent_at
    from public.match_counts as counted
    where counted.ledger_id in (select asked.ledger_id from asked)
    group by counted.ledger_id
  ),
  reasons as (
    select by_reason.ledger_id, pg_catalog.jsonb_object_agg(by_reason.reason, by_reason.users) as users
    from (
      select counted.ledger_id, reason.key as reason, sum(reason.value::bigint) as users
      from public.match_counts as counted
      cross join lateral pg_catalog.jsonb_each_text(counted.abort_reasons) as reason
      where counted.ledger_id in (select asked.ledger_id from asked)
      group by counted.ledger_id, reason.key
    ) as by_reason
    group by by_reason.ledger_id
  ),
  open as (
    select alert.match_id, pg_catalog.jsonb_agg(
      pg_catalog.jsonb_build_object(
        'fingerprint', alert.fingerprint, 'rule', alert.rule, 'kind', alert.kind, 'severity', alert.severity,
        'title', alert.title
      ) order by alert.first_seen_at, alert.id
    ) as alerts
    from public.alerts as alert
    where alert.match_id in (select asked.match_id from asked) and alert.resolved_at is null
    group by alert.match_id
  ),
  scheduler as (
    select max(run.finished_at) as succeeded_at
    from (
      select run.finished_at
      from public.job_runs as run
      where run.function_name = 'braze-scheduler' and run.outcome in ('succeeded', 'partial') and not run.dry_run
        and run.called_at <= p_now
      order by run.called_at desc
      limit 1
    ) as run
  )
  select
    match.id, match.competition, match.home_team, match.away_team, match.kickoff_at, match.kickoff_confirmed,
    asked.is_earlier,
    case when fixture.off is not null and (p_now < due.at or changes.off_at <= due.at) then fixture.off end,
    case when fixture.off in ('postponed', 'cancelled') and p_now >= due.at and changes.off_at > due.at then fixture.off end,
    fixture.unknown_team,
    coalesce(changes.added_at >= due.at, false),
    due.at, timing.freeze, due.at - timing.create_lead, due.at - timing.horizon,
    scheduler.succeeded_at, greatest(changes.changed_at, ledger.updated_at),
    ledger.id, ledger.intent, ledger.generation, ledger.status::text, ledger.cancel_reason, ledger.send_at_utc,
    ledger.sent_evidence, ledger.braze_reported_count,
    coalesce(ledger.expected_send_count_min, ledger.expected_send_count),
    coalesce(ledger.expected_send_count_max, ledger.expected_send_count),
    action.action, action.reason,
    current.state, least(current.send_at_utc, current.moving_to_utc),
    greatest(current.send_at_utc, current.moving_to_utc), current.moving_to_utc, current.doubt, current.listed_at,
    current.missed_at, current.created_at, coalesce(schedules.may_send, false), schedules.other_generation,
    coalesce(last_call.outcome is null and last_call.opened_at > p_now - interval '5 minutes', false),
    creation.detail,
    last_call.detail, coalesce(last_call.kind = 'update' and last_call.outcome = 'failed', false),
    campaigns.state,
    -- The gate knows nothing of teams.
    coalesce(
      current.gated and campaigns.send_gate = 'fail_closed' and fixture.off is distinct from 'no_audience'
        and not removal.is_held, false
    ),
    hold.generation, hold.users,
    removal.is_held,
    missed.because,
    ledger.status = 'sent' and exists (
      select 1 from public.alerts as closed
      where closed.rule = 'sent_for_old_date' and closed.match_id = match.id and closed.resolved_at is not null
        and (closed.details ->> 'would_send_at')::timestamptz = due.at
    ),
    coalesce(ledger.actual_send_count, counts.users, 0), coalesce(counts.bounced, 0), coalesce(counts.aborted, 0),
    coalesce(counts.opened, 0), coalesce(reasons.users, '{}'), counts.first_sent_at, counts.last_sent_at,
    ledger.double_push_users, coalesce(open.alerts, '[]')
  from asked
  join public.matches as match on match.id = asked.match_id
  cross join private.send_timing() as timing
  cross join scheduler
  cross join lateral (
    select pg_catalog.date_trunc('second', match.kickoff_at - timing.send_lead) as at
  ) as due
  cross join lateral (
    select
      case
        when match.status <> 'scheduled' then match.status
        when not match.push then 'push_off'
        when pg_catalog.bool_and(team.notify is false) then 'no_audience'
      end as off,
      -- Only where nobody else is to get the push.
      case when not pg_catalog.bool_or(team.notify is true) then
        min(playing.name) filter (where team.name is null)
      end as unknown_team
    from (values (match.home_team), (match.away_team)) as playing (name)
    left join public.teams as team on team.name = playing.name
  ) as fixture
  cross join lateral (
    select
      min(change.changed_at) filter (where change.kind = 'added') as added_at,
      max(change.changed_at) as changed_at,
      coalesce(max(change.changed_at) filter (where change.changes ?| array['status', 'push']), '-infinity') as off_at
    from public.match_changes as change
    where change.match_id = match.id
  ) as changes
  left join public.schedule_ledger as ledger on ledger.id = asked.ledger_id
  left join public.braze_schedules as current
    on current.ledger_id = ledger.id and current.generation = ledger.generation
  cross join lateral (
    select case when fixture.off is null or ledger.id is null then false else private.is_removal_held(ledger.id) end as is_held
  ) as removal
  left join schedules on schedules.ledger_id = ledger.id
  left join campaigns on campaigns.campaign_id = coalesce(current.campaign_id, ledger.campaign_id)
  left join counts on counts.ledger_id = ledger.id
  left join reasons on reasons.ledger_id = ledger.id
  left join open on open.match_id = match.id
  left join lateral (
    select done.action, done.reason
    from public.operator_actions as done
    where done.ledger_id = ledger.id and done.action in ('cancel', 'mark_not_sent', 'mark_sent')
      and not exists (select 1 from public.operator_actions as undo where undo.undoes = done.id)
    order by done.id desc
    limit 1
  ) as action on true
  left join lateral (
    select attempt.detail
    from public.schedule_attempts as attempt
    where attempt.ledger_id = ledger.id and attempt.generation = ledger.generation and attempt.kind = 'create'
    order by attempt.opened_at desc
    limit 1
  ) as creation on true
  left join lateral (
    select attempt.kind, attempt.outcome, attempt.opened_at, attempt.detail
    from public.schedule_attempts as attempt
    where attempt.ledger_id = ledger.id and attempt.generation = ledger.generation
    order by attempt.opened_at desc
    limit 1
  ) as last_call on true
  left join lateral (
    select held.generation, held.users
    from private.schedule_holds as held
    where held.ledger_id = ledger.id and held.released_at is null
    order by held.generation desc
    limit 1
  ) as hold on true
  left join lateral (
    select alert.details ->> 'because' as because
    from public.alerts as alert
    where alert.fingerprint = 'push_missed:' || match.id || ':'
      || pg_catalog.to_char(due.at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI"Z"')
    order by alert.id desc
    limit 1
  ) as missed on true;
end;
$$;

comment on function private.push_facts(bigint[], uuid[], timestamptz) is
  'The current push of each match, and each earlier push of p_earlier_ids: fixture, ledger row, schedule, last answers of Braze, holds, counts and open alerts, as the verdict reads them.';
revoke all on function private.push_facts(bigint[], uuid[], timestamptz) from public, anon, authenticated, service_role;
grant execute on function private.push_facts(bigint[], uuid[], timestamptz) to authenticated, service_role;
