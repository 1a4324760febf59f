-- Create public.teams_to_measure and public.store_audience_sizes: how many users follow each team.

create function public.teams_to_measure()
returns jsonb
language sql
stable
security invoker
set search_path = ''
as $$
  -- The oldest number first, so that a run that is cut short leaves none behind for good.
  select coalesce(pg_catalog.jsonb_agg(
    pg_catalog.jsonb_build_object('name', team.name, 'segment_id', team.braze_segment_id)
    order by team.audience_measured_at nulls first, team.name
  ), '[]')
  from public.teams as team
  where team.braze_segment_id is not null;
$$;

comment on function public.teams_to_measure() is 'Teams that name a Braze segment, the one measured longest ago first.';

revoke execute on function public.teams_to_measure() from public;
grant execute on function public.teams_to_measure() to service_role;

create function public.store_audience_sizes(p_sizes jsonb, p_now timestamptz)
returns integer
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  v_stored integer;
begin
  with locked as (
    select team.name, measured.size
    from public.teams as team
    join pg_catalog.jsonb_to_recordset(p_sizes) as measured (name text, size integer) using (name)
    order by team.name
    for update of team
  )
  update public.teams as team
  set audience_size = locked.size, audience_measured_at = p_now
  from locked
  where team.name = locked.name;
  get diagnostics v_stored = row_count;
  return v_stored;
end;
$$;

comment on function public.store_audience_sizes(jsonb, timestamptz) is
  'Takes [{name, size}], as Braze measured them; returns how many teams it found.';

revoke execute on function public.store_audience_sizes(jsonb, timestamptz) from public;
grant execute on function public.store_audience_sizes(jsonb, timestamptz) to service_role;
