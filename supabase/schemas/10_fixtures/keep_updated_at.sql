-- Dates each change of a match.
--
-- A sync that patches a match without writing updated_at would leave the old time: the change would be dated before
-- itself, and reconciliation would take the match for one that the scheduler has seen.

create function private.keep_updated_at()
returns trigger
language plpgsql
volatile
security invoker
set search_path = ''
set jit = off
as $$
begin
  new.updated_at := pg_catalog.now();
  return new;
end;
$$;

comment on function private.keep_updated_at() is 'Trigger of matches: writes updated_at where the statement did not.';
revoke all on function private.keep_updated_at() from public, anon, authenticated, service_role;

create trigger keep_updated_at
before update on public.matches
for each row when (old.* is distinct from new.* and new.updated_at is not distinct from old.updated_at)
execute function private.keep_updated_at();
