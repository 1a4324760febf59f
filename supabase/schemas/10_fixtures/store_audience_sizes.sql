-- Stores how many users follow each team.

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
revoke all on function public.store_audience_sizes(jsonb, timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.store_audience_sizes(jsonb, timestamptz) to service_role;
