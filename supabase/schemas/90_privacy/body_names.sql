-- Finds kept bodies that name a person. A text search says which may; this reads the JSON.

create function private.body_names(p_body bytea, p_names text[])
returns boolean
language plpgsql
immutable
security invoker
set search_path = ''
as $$
declare
  v_parts constant json := (select told.parts from private.body_parts(private.utf8_or_null(p_body)) as told);
begin
  return v_parts is null or exists (
    select
    from pg_catalog.json_array_elements(v_parts) as told (part)
    cross join lateral private.json_texts(private.json_or_null(told.part::text)) as text (held)
    where text.held = any (p_names)
  );
end;
$$;

comment on function private.body_names(bytea, text[]) is
  'Whether one of the names is a text, a number or a key of a JSON body, in a field that may hold personal data. Always true for a body that is no JSON.';
revoke all on function private.body_names(bytea, text[]) from public, anon, authenticated, service_role;
grant execute on function private.body_names(bytea, text[]) to service_role;
