-- A number with its noun, for people.

create function private.counted_text(p_count bigint, p_one text, p_many text)
returns text
language sql
immutable
security invoker
set search_path = ''
as $$
  select private.count_text(p_count) || ' ' || case p_count when 1 then p_one else p_many end;
$$;

comment on function private.counted_text(bigint, text, text) is 'A number and what it counts: 1 user, 1,430 users.';
revoke all on function private.counted_text(bigint, text, text) from public, anon, authenticated, service_role;
grant execute on function private.counted_text(bigint, text, text) to authenticated, service_role;
