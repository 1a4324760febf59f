-- Bytes as text, without an error where they are none.

create function private.utf8_or_null(p_body bytea)
returns text
language plpgsql
immutable
security invoker
set search_path = ''
as $$
begin
  return pg_catalog.convert_from(p_body, 'UTF8');
exception when character_not_in_repertoire or untranslatable_character then
  return null;
end;
$$;

comment on function private.utf8_or_null(bytea) is 'Bytes as the text that they are, null where they are none.';
revoke all on function private.utf8_or_null(bytea) from public, anon, authenticated, service_role;
grant execute on function private.utf8_or_null(bytea) to service_role;
