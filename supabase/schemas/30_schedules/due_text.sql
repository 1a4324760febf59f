-- How refusals name a time.

create function private.due_text(p_at timestamptz)
returns text
language sql
immutable
security invoker
set search_path = ''
as $$
  select pg_catalog.to_char(p_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS"Z"');
$$;

comment on function private.due_text(timestamptz) is 'A time as refusals name it.';
revoke all on function private.due_text(timestamptz) from public, anon, authenticated, service_role;
grant execute on function private.due_text(timestamptz) to authenticated, service_role;
