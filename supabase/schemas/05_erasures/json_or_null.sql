-- Text as JSON, or null where it is none.

create function private.json_or_null(p_text text)
returns json
language plpgsql
immutable
security invoker
set search_path = ''
as $$
begin
  perform p_text::jsonb;
  -- json keeps the text as written; jsonb would keep one of two equal keys.
  return p_text::json;
exception when others then
  begin
    -- jsonb refuses NUL and lone surrogates; without them the rest may be readable.
    p_text := pg_catalog.regexp_replace(p_text, '\\u(0000|[dD][89a-fA-F][0-9a-fA-F]{2})', '\\ufffd', 'g');
    perform p_text::jsonb;
    return p_text::json;
  exception when others then
    return null;
  end;
end;
$$;

comment on function private.json_or_null(text) is
  'The text as JSON that can be read and cast, null where it is none. NUL and surrogates are replaced where jsonb refuses them.';
revoke all on function private.json_or_null(text) from public, anon, authenticated, service_role;
grant execute on function private.json_or_null(text) to service_role;
