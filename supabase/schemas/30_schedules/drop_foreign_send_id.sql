-- A send id that Braze made ends with its schedule.
--
-- The suite's own send id stays over all generations of a match. One that Braze made for one schedule must not go into the
-- next create: Braze takes only ids that were created before.

create function private.drop_foreign_send_id()
returns trigger
language plpgsql
security invoker
set search_path = ''
set jit = off
as $$
begin
  if private.match_of_send_id(new.send_id) is null then
    new.send_id := null;
  end if;
  return new;
end;
$$;

comment on function private.drop_foreign_send_id() is
  'When the generation of a ledger row goes up: drops a send id that belonged to the one before.';
revoke all on function private.drop_foreign_send_id() from public, anon, authenticated, service_role;

create trigger drop_foreign_send_id
before update of generation on public.schedule_ledger
for each row
when (new.generation > old.generation and new.send_id is not null)
execute function private.drop_foreign_send_id();
