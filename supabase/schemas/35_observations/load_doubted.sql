-- Which schedules may be made again after their campaign was stopped and started.

create function public.load_doubted(p_earliest_send_at timestamptz, p_limit integer)
returns jsonb
language sql
stable
security invoker
set search_path = ''
set jit = off
as $$
  with verified as (
    select campaign.campaign_id
    from (select distinct observation.campaign_id from public.braze_observations as observation) as campaign
    cross join lateral (
      select observation.*
      from public.braze_observations as observation
      where observation.campaign_id = campaign.campaign_id and observation.campaign_state <> 'unknown'
      order by observation.began_at desc, observation.id desc
      limit 1
    ) as last
    cross join lateral (
      select max(observation.began_at) as seen_at, count(*) as times
      from public.braze_observations as observation
      where observation.campaign_id = campaign.campaign_id
        and observation.campaign_state in ('stopped', 'archived', 'draft')
    ) as shut
    where last.campaign_state = 'running' and last.send_gate = 'fail_closed'
      -- One strange answer is no stop, and no start.
      and shut.times >= 2
      and (
        select count(*) >= 2
        from public.braze_observations as observation
        where observation.campaign_id = campaign.campaign_id and observation.campaign_state = 'running'
          and observation.began_at > shut.seen_at
      )
  )
  select coalesce(pg_catalog.jsonb_agg(due.match_id order by due.send_at_utc, due.match_id), '[]')
  from (
    select ledger.match_id, schedule.send_at_utc
    from public.braze_schedules as schedule
    join verified on verified.campaign_id = schedule.campaign_id
    join public.schedule_ledger as ledger
      on ledger.id = schedule.ledger_id and ledger.generation = schedule.generation
    where schedule.doubt = 'campaign_restarted' and schedule.state = 'live' and schedule.moving_to_utc is null
      and ledger.status = 'pending' and schedule.send_at_utc >= p_earliest_send_at
    order by schedule.send_at_utc, ledger.match_id
    limit p_limit
  ) as due;
$$;

comment on function public.load_doubted(timestamptz, integer) is
  'Matches, the soonest first, whose schedule Braze may have dropped with its campaign, where stop and start were each seen twice and every message asks a closed gate.';
revoke all on function public.load_doubted(timestamptz, integer) from public, anon, authenticated, service_role;
grant execute on function public.load_doubted(timestamptz, integer) to service_role;
