-- All input of the plan of a scheduler run, in one answer.
--
-- One jsonb and not a table: PostgREST truncates row sets at max_rows without an error. Close to the send a delete is best
-- effort and some users may get the push all the same, so the time of a schedule's last change decides whether the match
-- may get another one. A schedule whose delete certainly failed is there as before: its match needs no other one.

create function public.load_plan_input(
  p_from timestamptz,
  p_until timestamptz,
  p_now timestamptz,
  p_match_ids bigint[] default null
)
returns jsonb
language sql
stable
security invoker
set search_path = ''
set jit = off
as $$
  with wanted as (
    select match.id
    from public.matches as match
    where match.kickoff_at >= p_from and match.kickoff_at < p_until
    union
    -- A match that was moved out of the window still has its schedule in Braze.
    select ledger.match_id
    from public.schedule_ledger as ledger
    where ledger.status = 'pending' and ledger.send_at_utc >= p_from
    union
    -- A cancelled schedule that may still be sent stays in the plan.
    select ledger.match_id
    from public.braze_schedules as schedule
    join public.schedule_ledger as ledger on ledger.id = schedule.ledger_id
    where private.can_be_live(schedule.state) and schedule.state <> 'creating' and schedule.send_at_utc >= p_from
    union
    -- Moved far ahead after its push: whether it is pushed again is asked now, not when its new date is near.
    select ledger.match_id
    from public.matches as match
    join public.schedule_ledger as ledger on ledger.match_id = match.id and ledger.replaced_at is null
    where match.kickoff_at >= p_until and ledger.status = 'sent'
  )
  select pg_catalog.jsonb_build_object(
    'matches', coalesce((
      select pg_catalog.jsonb_agg(
        pg_catalog.jsonb_build_object(
          'match_id', match.id,
          'competition', match.competition,
          'home_team', match.home_team,
          'away_team', match.away_team,
          'kickoff_at', match.kickoff_at,
          'kickoff_confirmed', match.kickoff_confirmed,
          'status', match.status,
          'push', match.push,
          'trigger_properties', match.trigger_properties,
          'intent', counted.intent,
          'send_id', coalesce(ledger.send_id, own.send_id),
          'held', case when held.ledger_id is not null then pg_catalog.jsonb_build_object(
            'kind', held.kind, 'held_at', held.held_at, 'confirmed', held.confirmed_at is not null
          ) end,
          -- Braze knows a send id in the campaign that it was created for alone.
          'send_id_campaigns', (
            select coalesce(pg_catalog.jsonb_agg(distinct known.campaign_id), '[]')
            from (
              select attempt.request ->> 'campaign_id' as campaign_id
              from public.schedule_attempts as attempt
              where attempt.match_id = match.id and attempt.kind = 'send_id' and attempt.outcome = 'succeeded'
                and attempt.request ->> 'send_id' = private.own_send_id(match.id, counted.intent)
              union all
              select ledger.campaign_id where ledger.send_id is not null
            ) as known
            where known.campaign_id is not null
          ),
          'ledger', case when ledger.id is not null then pg_catalog.jsonb_build_object(
            'ledger_id', ledger.id,
            'status', ledger.status,
            'cancel_reason', ledger.cancel_reason,
            'campaign_id', ledger.campaign_id,
            'generation', ledger.generation,
            'signature', ledger.signature,
            'send_at', ledger.send_at_utc,
            'made_for', ledger.made_for,
            'closed_moves', case when ledger.status = 'sent' then private.closed_moves(match.id) else '[]' end,
            'is_held', exists (
              select 1 from private.schedule_holds as hold
              where hold.ledger_id = ledger.id and hold.released_at is null
            ),
            'schedules', schedules.list
          ) end
        )
        order by match.kickoff_at, match.id
      )
      from wanted
      join public.matches as match using (id)
      left join public.schedule_ledger as ledger on ledger.match_id = match.id and ledger.replaced_at is null
      cross join lateral (
        select coalesce(ledger.intent, 1 + coalesce(max(earlier.intent), 0)) as intent
        from public.schedule_ledger as earlier
        where earlier.match_id = match.id
      ) as counted
      left join private.held_changes as held on held.ledger_id = ledger.id
      left join lateral (
        -- Made, but the run died before a schedule used it.
        select attempt.request ->> 'send_id' as send_id
        from public.schedule_attempts as attempt
        where attempt.match_id = match.id and attempt.kind = 'send_id' and attempt.outcome = 'succeeded'
          and attempt.request ->> 'send_id' = private.own_send_id(match.id, counted.intent)
        order by attempt.opened_at desc
        limit 1
      ) as own on true
      left join lateral (
        select pg_catalog.jsonb_agg(
          pg_catalog.jsonb_build_object(
            'generation', schedule.generation,
            'state', schedule.state,
            'braze_schedule_id', schedule.braze_schedule_id,
            'send_at', schedule.send_at_utc,
            'moving_to', schedule.moving_to_utc,
            -- What a list shows or lacks afterwards makes no delete later.
            'changed_at', coalesce(schedule.deleted_at, schedule.updated_at),
            'campaign_id', schedule.campaign_id,
            'gated', schedule.gated,
            'settled', schedule.settled_at is not null,
            'was_created', private.is_created(schedule.ledger_id, schedule.generation),
            'delete_failed', schedule.state = 'deleting'
              and private.all_deletes_failed(schedule.ledger_id, schedule.generation)
          )
          order by schedule.generation
        ) as list
        from public.braze_schedules as schedule
        where schedule.ledger_id = ledger.id
          -- Skip rejected schedules, except the current one.
          and (schedule.state <> 'failed' or schedule.generation = ledger.generation)
      ) as schedules on true
      where p_match_ids is null or match.id = any (p_match_ids)
    ), '[]'),
    'teams', coalesce((
      select pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
        'name', team.name,
        'braze_attribute_value', team.braze_attribute_value,
        'notify', team.notify,
        'audience_size', team.audience_size
      ))
      from public.teams as team
    ), '[]'),
    'changes_allowed', (
      select pg_catalog.jsonb_build_object(
        'removals', private.changes_allowed(pending.count, settings.removals_max, settings.removal_share_max),
        'remakes', private.changes_allowed(pending.count, settings.remakes_max, settings.remake_share_max)
      )
      from private.settings as settings
      cross join (
        select count(*) as count
        from public.schedule_ledger as ledger
        where ledger.status = 'pending' and ledger.send_at_utc >= p_now
      ) as pending
    ),
    'was_ill', coalesce((
      select run.summary ? 'braze_ill'
      from public.job_runs as run
      where run.function_name = 'braze-scheduler' and run.outcome in ('succeeded', 'partial') and not run.dry_run
        and run.called_at <= p_now
      order by run.called_at desc
      limit 1
    ), false),
    'send_ids_used', (
      select count(*)
      from public.schedule_attempts as attempt
      where attempt.kind = 'send_id' and attempt.opened_at > p_now - interval '24 hours'
        and attempt.outcome is distinct from 'failed'
    )
  );
$$;

comment on function public.load_plan_input(timestamptz, timestamptz, timestamptz, bigint[]) is
  'Matches with kick-off in [p_from, p_until), a pending schedule from p_from on, or a push that is sent and a later kick-off, with ledger, generations and what is held; teams; how many removals and remakes a run may carry out; whether the last run stopped since Braze was ill; send ids used in 24 hours.';
revoke all on function public.load_plan_input(timestamptz, timestamptz, timestamptz, bigint[]) from public, anon, authenticated, service_role;
grant execute on function public.load_plan_input(timestamptz, timestamptz, timestamptz, bigint[]) to service_role;
