-- Whether the caller may read events: an operator, or a role with the right.

create function private.may_read_events()
returns boolean
language plpgsql
stable
security invoker
set search_path = ''
set jit = off
as $$
begin
  -- Of who calls a function that reads with its owner's rights, the role setting tells.
  return public.is_operator() or pg_catalog.has_table_privilege(
    coalesce(nullif(pg_catalog.current_setting('role'), 'none'), session_user), 'public.notification_sends', 'select'
  );
end;
$$;

comment on function private.may_read_events() is
  'Whether the caller may read events: the token of an operator, or a role that may read the table.';
revoke all on function private.may_read_events() from public, anon, authenticated, service_role;
