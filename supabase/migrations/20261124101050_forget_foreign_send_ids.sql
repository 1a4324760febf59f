-- Create private.is_own_send_id and private.forget_foreign_send_id: a send id that Braze made ends with its schedule.
--
-- Our own send id is kept over all generations of a match. One that Braze made for one schedule, and told of later,
-- must not go into the next create: Braze takes only ids that were created before.

create function private.is_own_send_id(p_send_id text)
returns boolean
language sql
stable
security invoker
set search_path = ''
as $$
  select not exists (
    select 1
    from public.schedule_identifiers as known
    where known.kind = 'send_id' and known.value = p_send_id and known.generation is not null
  );
$$;

comment on function private.is_own_send_id(text) is
  'False for a send id that is known to belong to one generation alone, as those do that Braze makes.';

revoke execute on function private.is_own_send_id(text) from public;
grant execute on function private.is_own_send_id(text) to service_role;

create function private.forget_foreign_send_id()
returns trigger
language plpgsql
security invoker
set search_path = ''
as $$
begin
  if not private.is_own_send_id(new.send_id) then
    new.send_id := null;
  end if;
  return new;
end;
$$;

comment on function private.forget_foreign_send_id() is
  'When the generation of a ledger row goes up: drops a send id that belonged to the one before.';

revoke execute on function private.forget_foreign_send_id() from public;

create trigger forget_foreign_send_id
before update of generation on public.schedule_ledger
for each row
when (new.generation > old.generation and new.send_id is not null)
execute function private.forget_foreign_send_id();
