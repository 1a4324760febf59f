-- How the title of an alert names its match.

create function private.match_title(p_match_id bigint)
returns text
language sql
stable
security invoker
set search_path = ''
set jit = off
as $$
  select 'Match ' || match.id || ' ' || match.home_team || '–' || match.away_team
  from public.matches as match
  where match.id = p_match_id;
$$;

comment on function private.match_title(bigint) is 'Begins the title of an alert: "Match 1001 Home–Away".';
revoke all on function private.match_title(bigint) from public, anon, authenticated, service_role;
grant execute on function private.match_title(bigint) to service_role;
