-- Reads the events out of a body, as the webhook does.

create function private.body_parts(p_text text, out parts json, out envelope text)
returns record
language plpgsql
immutable
security invoker
set search_path = ''
as $$
declare
  -- json, not jsonb: jsonb refuses NUL and surrogates, json elements can still be read.
  v_list constant text := pg_catalog.substring(p_text, '^\s*\{\s*"events"\s*:\s*(\[.*\])\s*\}\s*$');
  v_json constant json := private.json_or_null(p_text);
begin
  envelope := '%s';
  if v_json is null then
    return;
  elsif pg_catalog.json_typeof(v_json) = 'array' then
    parts := p_text::json;
    envelope := '[%s]';
  elsif pg_catalog.json_typeof(v_json -> 'events') = 'array' then
    parts := case when private.json_or_null(v_list) is null then v_json -> 'events' else v_list::json end;
    envelope := '{"events":[%s]}';
  else
    parts := pg_catalog.json_build_array(v_json);
  end if;
end;
$$;

comment on function private.body_parts(text) is
  'The events of a body and what stands around them, as the webhook reads it; null where the text is no JSON.';
revoke all on function private.body_parts(text) from public, anon, authenticated, service_role;
grant execute on function private.body_parts(text) to service_role;
