-- The ledger rows that are due or were sent lately.
--
-- One jsonb and not a table: PostgREST truncates row sets at max_rows without an error.

create function public.load_reconciliation(p_past_from timestamptz, p_now timestamptz)
returns jsonb
language plpgsql
stable
security invoker
set search_path = ''
set jit = off
as $$
declare
  v_ledger_ids uuid[];
  v_scheduler_ran_at timestamptz;
begin
  select pg_catalog.array_agg(found.id)
  into v_ledger_ids
  from (
    select ledger.id from public.schedule_ledger as ledger where ledger.status = 'pending'
    union
    select schedule.ledger_id from public.braze_schedules as schedule where schedule.send_at_utc >= p_past_from
    union
    select schedule.ledger_id from public.braze_schedules as schedule where schedule.moving_to_utc >= p_past_from
    union
    select attempt.ledger_id
    from public.schedule_attempts as attempt
    where attempt.outcome = 'unknown' and attempt.resolved_at is null and attempt.ledger_id is not null
  ) as found;

  select max(run.started_at)
  into v_scheduler_ran_at
  from public.job_runs as run
  where run.function_name = 'braze-scheduler' and run.outcome = 'succeeded' and not run.dry_run
    and run.called_at > p_now - interval '1 day' and run.called_at <= p_now;

  return pg_catalog.jsonb_build_object(
    'matches', coalesce((
      select pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
        'ledger_id', ledger.id,
        'match_id', ledger.match_id,
        'home_team', match.home_team,
        'away_team', match.away_team,
        'match_status', match.status,
        'status', ledger.status,
        'cancel_reason', ledger.cancel_reason,
        'campaign_id', ledger.campaign_id,
        'generation', ledger.generation,
        -- A send id shared with another match says nothing about this one.
        'send_id', case when not exists (
          select 1
          from public.schedule_identifiers as known
          where known.kind = 'send_id' and known.value = ledger.send_id
            and (known.ambiguous or known.ledger_id <> ledger.id)
        ) then ledger.send_id end,
        'send_at', ledger.send_at_utc,
        'reported_count', ledger.braze_reported_count,
        'statistics_at', ledger.statistics_at,
        'has_events', schedules.went_out or (
          -- The first proof should have set the row to sent; reconcile repairs a row that it missed.
          ledger.status <> 'sent' and ledger.send_at_utc <= p_now and (
            private.first_proof(
              ledger.id, ledger.generation, ledger.send_at_utc - interval '1 day', ledger.send_at_utc + interval '2 days'
            )
          ).proof is not null
        ),
        'was_aborted', exists (
          select 1 from public.match_counts as counted
          where counted.ledger_id = ledger.id and counted.generation in (0, ledger.generation)
          having sum(counted.aborted_users) > 0 and sum(counted.users + counted.opened_users) = 0
        ),
        'schedules', schedules.list
      ) order by ledger.send_at_utc, ledger.match_id)
      from pg_catalog.unnest(v_ledger_ids) as wanted (ledger_id)
      join public.schedule_ledger as ledger on ledger.id = wanted.ledger_id
      join public.matches as match on match.id = ledger.match_id
      cross join lateral (
        select
          coalesce(pg_catalog.bool_or(
            schedule.generation = ledger.generation and schedule.first_event_at is not null
          ), false) as went_out,
          coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
            'generation', schedule.generation,
            'state', schedule.state,
            'braze_schedule_id', schedule.braze_schedule_id,
            'send_at', schedule.send_at_utc,
            'moving_to', schedule.moving_to_utc,
            'updated_at', schedule.updated_at,
            'listed_at', schedule.listed_at,
            'missed_at', schedule.missed_at,
            'first_event_at', schedule.first_event_at,
            'has_open_attempt', exists (
              select 1
              from public.schedule_attempts as attempt
              where attempt.ledger_id = schedule.ledger_id and attempt.generation = schedule.generation
                and attempt.outcome is null
            )
          ) order by schedule.generation), '[]') as list
        from public.braze_schedules as schedule
        where schedule.ledger_id = ledger.id
      ) as schedules
    ), '[]'),
    'attempts', coalesce((
      select pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
        'attempt_id', attempt.id,
        'kind', attempt.kind,
        'match_id', attempt.match_id,
        'ledger_id', attempt.ledger_id,
        'generation', attempt.generation,
        'braze_schedule_id', attempt.braze_schedule_id,
        'moving_to', case attempt.kind when 'update' then (attempt.request #>> '{schedule,time}')::timestamptz end,
        'closed_at', attempt.closed_at,
        'missed_at', attempt.missed_at,
        'is_superseded', exists (
          select 1
          from public.schedule_attempts as later
          where later.ledger_id = attempt.ledger_id and later.generation = attempt.generation
            and later.opened_at > attempt.opened_at and later.outcome = 'succeeded'
            -- A delete ends what a move began; a move does not end a delete.
            and (later.kind = attempt.kind or later.kind = 'delete')
        )
      ) order by attempt.opened_at, attempt.id)
      from public.schedule_attempts as attempt
      where attempt.outcome = 'unknown' and attempt.resolved_at is null and attempt.kind <> 'send_id'
    ), '[]'),
    'duplicate_days', coalesce((
      select pg_catalog.jsonb_agg(distinct pg_catalog.to_char(log.logged_at at time zone 'utc', 'YYYY-MM-DD'))
      from public.scheduler_logs as log
      where log.action = 'duplicate_count' and log.function_name = 'braze-reconcile'
        and log.logged_at > p_now - interval '5 days' and log.logged_at <= p_now
    ), '[]'),
    'superseded_schedule_ids', coalesce((
      select pg_catalog.jsonb_agg(listed.braze_schedule_id order by listed.braze_schedule_id)
      from private.listed_schedules as listed
      where listed.shown_until is null and private.is_superseded_in_list(listed.braze_schedule_id, p_now)
    ), '[]'),
    'kept_schedule_ids', coalesce((
      select pg_catalog.jsonb_agg(unmanaged.braze_schedule_id order by unmanaged.braze_schedule_id)
      from private.unmanaged_schedules as unmanaged
      where unmanaged.kept_at is not null and unmanaged.send_at_utc > p_now
    ), '[]'),
    'scheduler_ran_at', v_scheduler_ran_at,
    -- Changed after the last run of the scheduler.
    'fresh_match_ids', coalesce((
      select pg_catalog.jsonb_agg(match.id order by match.id)
      from public.matches as match
      where match.kickoff_at >= p_now and match.updated_at > v_scheduler_ran_at and match.updated_at <= p_now
    ), '[]')
  );
end;
$$;

comment on function public.load_reconciliation(timestamptz, timestamptz) is
  'Every ledger row that is pending, due since p_past_from or has an unresolved attempt, with its generations; unresolved attempts; days with duplicates; listed schedules that may be deleted and that a person kept; the scheduler''s last good run.';
revoke all on function public.load_reconciliation(timestamptz, timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.load_reconciliation(timestamptz, timestamptz) to service_role;
