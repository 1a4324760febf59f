-- Finds the erased user of an event.

create function private.erased_user_of(p_external_user_id text, p_ids text[])
returns private.erased_users
language plpgsql
stable
security invoker
set search_path = ''
set jit = off
as $$
declare
  v_user private.erased_users;
begin
  if p_external_user_id <> '' then
    select known.* into v_user
    from private.erased_users as known
    where known.user_digest = private.keyed_digest(p_external_user_id);
  else
    select known.* into v_user
    from private.erased_ids as owned
    join private.erased_users as known using (user_digest)
    where owned.id_digest = any (array(select private.keyed_digest(told.id) from pg_catalog.unnest(p_ids) as told (id) where told.id <> ''))
    -- A device may have belonged to several.
    order by known.anonymise_until desc, known.user_digest
    limit 1;
  end if;
  return v_user;
end;
$$;

comment on function private.erased_user_of(text, text[]) is
  'The erased user with this id; without an id, the one to whom one of p_ids (devices, Braze''s own ids) belongs. Null where there is none.';
revoke all on function private.erased_user_of(text, text[]) from public, anon, authenticated, service_role;
grant execute on function private.erased_user_of(text, text[]) to service_role;
