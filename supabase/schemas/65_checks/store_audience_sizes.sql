-- Stores how many users follow each team, and what is expected of the pushes that are still to be sent.

create function public.store_audience_sizes(p_sizes jsonb, p_now timestamptz)
returns integer
language plpgsql
volatile
security invoker
set search_path = ''
set jit = off
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

  -- What is still to be sent is expected to reach what was measured last.
  with expected as (
    select
      ledger.id, sum(team.audience_size) as total, max(team.audience_size) as largest,
      pg_catalog.bool_and(team.audience_size is not null) as is_complete
    from public.schedule_ledger as ledger
    join public.matches as match on match.id = ledger.match_id
    join public.teams as team on team.name in (match.home_team, match.away_team) and team.notify
    where ledger.status = 'pending' and ledger.send_at_utc > p_now
    group by ledger.id
  ),
  locked as (
    select expected.*
    from public.schedule_ledger as ledger
    join expected using (id)
    where expected.largest is not null
      and (ledger.expected_send_count_min, ledger.expected_send_count_max)
        is distinct from (expected.largest, case when expected.is_complete then expected.total::integer end)
    order by ledger.id
    for no key update of ledger
  )
  update public.schedule_ledger as ledger
  set expected_send_count = case when locked.is_complete then locked.total end,
    expected_send_count_min = locked.largest,
    expected_send_count_max = case when locked.is_complete then locked.total end,
    expected_source = 'teams.audience_size'
  from locked
  where ledger.id = locked.id;
  return v_stored;
end;
$$;

comment on function public.store_audience_sizes(jsonb, timestamptz) is
  'Takes [{name, size}], as Braze measured them, and sets what pending pushes are expected to reach; returns how many teams it found.';
revoke all on function public.store_audience_sizes(jsonb, timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.store_audience_sizes(jsonb, timestamptz) to service_role;
