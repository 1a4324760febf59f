-- The teams whose audience is to be measured.

create function public.teams_to_measure(p_now timestamptz, p_sends_until timestamptz default null)
returns jsonb
language sql
stable
security invoker
set search_path = ''
set jit = off
as $$
  -- The oldest measurement first, so that a run that is cut short skips no team for good.
  select coalesce(pg_catalog.jsonb_agg(
    pg_catalog.jsonb_build_object('name', team.name, 'segment_id', team.braze_segment_id)
    order by team.audience_measured_at nulls first, team.name
  ), '[]')
  from public.teams as team
  where team.braze_segment_id is not null
    and (p_sends_until is null or (
      (team.audience_measured_at is null or team.audience_measured_at < p_now - interval '6 hours')
      and exists (
        select 1
        from public.schedule_ledger as ledger
        join public.matches as match on match.id = ledger.match_id
        where ledger.status = 'pending' and ledger.send_at_utc > p_now and ledger.send_at_utc < p_sends_until
          and team.name in (match.home_team, match.away_team)
      )
    ));
$$;

comment on function public.teams_to_measure(timestamptz, timestamptz) is
  'Teams that name a Braze segment, the one measured longest ago first. p_sends_until: only those with a push before it, and not measured for 6 hours.';
revoke all on function public.teams_to_measure(timestamptz, timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.teams_to_measure(timestamptz, timestamptz) to service_role;
