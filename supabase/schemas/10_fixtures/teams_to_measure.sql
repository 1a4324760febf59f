-- The teams whose audience is to be measured.

create function public.teams_to_measure()
returns jsonb
language sql
stable
security invoker
set search_path = ''
as $$
  -- The oldest measurement first, so that a run that is cut short skips no team for good.
  select coalesce(pg_catalog.jsonb_agg(
    pg_catalog.jsonb_build_object('name', team.name, 'segment_id', team.braze_segment_id)
    order by team.audience_measured_at nulls first, team.name
  ), '[]')
  from public.teams as team
  where team.braze_segment_id is not null;
$$;

comment on function public.teams_to_measure() is 'Teams that name a Braze segment, the one measured longest ago first.';
revoke all on function public.teams_to_measure() from public, anon, authenticated, service_role;
grant execute on function public.teams_to_measure() to service_role;
