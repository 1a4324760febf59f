-- Whether the suite made a send id itself.

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
revoke all on function private.is_own_send_id(text) from public, anon, authenticated, service_role;
grant execute on function private.is_own_send_id(text) to service_role;
