-- A number in a sentence for people.

create function private.count_text(p_count numeric)
returns text
language sql
immutable
security invoker
set search_path = ''
as $$
  select pg_catalog.ltrim(pg_catalog.to_char(p_count, '999,999,999,990'));
$$;

comment on function private.count_text(numeric) is 'A number with separators: 1,430.';
revoke all on function private.count_text(numeric) from public, anon, authenticated, service_role;
grant execute on function private.count_text(numeric) to authenticated, service_role;
