-- How sentences for people name a time.

create function private.minute_text(p_at timestamptz)
returns text
language sql
immutable
security invoker
set search_path = ''
as $$
  select pg_catalog.to_char(p_at at time zone 'utc', 'YYYY-MM-DD HH24:MI "UTC"');
$$;

comment on function private.minute_text(timestamptz) is 'A time as sentences for people name it: 2024-12-07 14:00 UTC.';
revoke all on function private.minute_text(timestamptz) from public, anon, authenticated, service_role;
grant execute on function private.minute_text(timestamptz) to authenticated, service_role;
