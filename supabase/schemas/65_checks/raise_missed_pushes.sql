-- Raises the harm push_missed for pushes whose time has come without anything in Braze that could send them.
--
-- What is only doubted is no matter of this: a pending schedule whose create has no clear answer, or that was not seen going
-- out, has an alert of its own until it is proved. One that was to be deleted is doubted for as long as it can be sent.

create function public.raise_missed_pushes(p_lead_seconds integer, p_now timestamptz)
returns integer
language plpgsql
volatile
security invoker
set search_path = ''
set jit = off
as $$
declare
  v_since timestamptz := private.harms_since(p_now);
  v_alerts jsonb;
begin
  with due as (
    select
      match.id, match.kickoff_at - pg_catalog.make_interval(secs => p_lead_seconds) as send_at,
      ledger.id as ledger_id, ledger.generation, ledger.cancel_reason
    from public.matches as match
    left join public.schedule_ledger as ledger on ledger.match_id = match.id and ledger.replaced_at is null
    where match.kickoff_at > v_since + pg_catalog.make_interval(secs => p_lead_seconds)
      and match.kickoff_at <= p_now + pg_catalog.make_interval(secs => p_lead_seconds)
      and match.push and match.kickoff_confirmed
      and (ledger.id is null or (
        ledger.status <> 'sent' and ledger.cancel_reason is distinct from 'operator'
        and not exists (
          select 1 from public.braze_schedules as schedule
          where schedule.ledger_id = ledger.id and schedule.state not in ('failed', 'deleted')
            and (
              ledger.status = 'pending' or schedule.first_event_at is not null
              or private.can_still_send(schedule.send_at_utc, schedule.moving_to_utc, p_now)
            )
        )
        and not exists (
          select 1 from private.schedule_holds as hold where hold.ledger_id = ledger.id and hold.released_at is null
        )
      ))
      -- Fans of no team are to be notified only where that is known of both.
      and exists (
        select 1
        from (values (match.home_team), (match.away_team)) as playing (name)
        left join public.teams as team on team.name = playing.name
        where team.notify is not false
      )
  ),
  missed as (
    select due.*, match.status
    from due
    join public.matches as match on match.id = due.id
    where (
        match.status = 'scheduled'
        -- It was wanted when its time came.
        or (match.status = 'finished' and (
          select changed.changed_at > due.send_at
          from public.match_changes as changed
          where changed.match_id = due.id and changed.changes ? 'status'
          order by changed.id desc
          limit 1
        ))
      )
      -- What is entered after the match is history, and what was due before the suite ran is not its own.
      and exists (
        select 1 from public.match_changes as added
        where added.match_id = due.id and added.kind = 'added' and added.changed_at < match.kickoff_at
      )
      and (
        exists (
          select 1 from private.job_periods as job
          where job.function_name = 'braze-scheduler' and job.watched_since < due.send_at
        )
        or exists (
          select 1 from public.job_runs as run
          where run.function_name = 'braze-scheduler' and not run.dry_run and run.called_at < due.send_at
        )
      )
  ),
  told as (
    select
      'push_missed:' || missed.id || ':' || pg_catalog.to_char(missed.send_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI"Z"')
        as fingerprint,
      missed.*,
      case
        when missed.ledger_id is null then 'no schedule was ever made'
        when missed.cancel_reason = 'dashboard' then 'its schedule was gone from Braze'
        when last.outcome = 'failed' then 'Braze took no schedule: ' || coalesce(last.detail, 'it gave no reason')
        when exists (
          select 1 from public.braze_schedules as schedule
          where schedule.ledger_id = missed.ledger_id and schedule.state not in ('failed', 'deleted')
        ) then 'it was not clear whether its schedule was deleted, and nothing shows that it was sent'
        else 'its schedule was deleted and no other was made'
      end as because
    from missed
    left join lateral (
      select attempt.outcome, attempt.detail
      from public.schedule_attempts as attempt
      where attempt.ledger_id = missed.ledger_id and attempt.kind = 'create' and attempt.generation = missed.generation
      order by attempt.opened_at desc
      limit 1
    ) as last on true
  )
  select coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
    'fingerprint', told.fingerprint,
    'rule', 'push_missed',
    'severity', 'critical',
    'audience', 'admin',
    'title', private.match_title(told.id) || ': no push went out at '
      || pg_catalog.to_char(told.send_at at time zone 'utc', 'YYYY-MM-DD HH24:MI "UTC"') || ', since ' || told.because,
    'details', pg_catalog.jsonb_build_object(
      'send_at', told.send_at, 'generation', told.generation, 'because', told.because
    ),
    'match_id', told.id
  )), '[]')
  into v_alerts
  from told
  -- A person who has closed it is not told again.
  where not exists (select 1 from public.alerts as known where known.fingerprint = told.fingerprint);

  perform private.raise_listed_twice(p_now);
  return public.raise_alerts(v_alerts, p_now);
end;
$$;

comment on function public.raise_missed_pushes(integer, timestamptz) is
  'Raises double_push for matches that were pushed under two ids, and push_missed once for each wanted push since private.harms_since() whose time came while Braze held no schedule for it; returns how many are new.';
revoke all on function public.raise_missed_pushes(integer, timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.raise_missed_pushes(integer, timestamptz) to service_role;
