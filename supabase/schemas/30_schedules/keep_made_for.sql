-- Keeps for which match a generation was made.
--
-- Here and not in open_create: whatever gives a ledger row its next generation is covered.

create function private.keep_made_for()
returns trigger
language plpgsql
volatile
security invoker
set search_path = ''
set jit = off
as $$
begin
  select pg_catalog.jsonb_build_object(
    'competition', match.competition,
    'home_team', match.home_team,
    'away_team', match.away_team,
    'home_value', home.braze_attribute_value,
    'away_value', away.braze_attribute_value
  )
  into new.made_for
  from public.matches as match
  left join public.teams as home on home.name = match.home_team
  left join public.teams as away on away.name = match.away_team
  where match.id = new.match_id;
  return new;
end;
$$;

comment on function private.keep_made_for() is 'Trigger of schedule_ledger: writes made_for with each new generation.';
revoke all on function private.keep_made_for() from public, anon, authenticated, service_role;

create trigger keep_made_for_of_new_row
before insert on public.schedule_ledger
for each row execute function private.keep_made_for();
create trigger keep_made_for_of_next_generation
before update on public.schedule_ledger
for each row when (new.generation is distinct from old.generation)
execute function private.keep_made_for();
