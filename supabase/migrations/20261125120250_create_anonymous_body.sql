-- Create private.anonymous_body and what it needs: a body that was not understood, without its person.
--
-- The events of other people beside theirs stay as they came, to the byte.

create function private.cut_from_text(p_text text, p_names text[])
returns text
language plpgsql
immutable
security invoker
set search_path = ''
as $$
declare
  v_cut constant text := pg_catalog.chr(1);
  v_has_events constant boolean := p_text like '%{%';
  v_naming constant text := '(?:'
    || pg_catalog.array_to_string(
      array(
        -- A number alone may count anything: among events it is a user's where the field says so.
        select case when v_has_events and name ~ '^[0-9]+$' then '"[[:alnum:]_]*user[[:alnum:]_]*"\s*:\s*"?'
            else '(?:(?<![[:alnum:]_-])|(?<=\\000))' end
          || pg_catalog.regexp_replace(name, '([^[:alnum:]])', '\\\1', 'g')
        from pg_catalog.unnest(p_names) as name
      ),
      '|'
    )
    || ')(?![[:alnum:]_-])';
begin
  return (
    select pg_catalog.string_agg(
      case
        when piece.text !~ v_naming then piece.text
        -- The envelope around the first and the last event is nobody's.
        else coalesce(pg_catalog.substring(piece.text, '^\s*(?:\{\s*"events"\s*:\s*)?\[\s*'), '')
          || '{"erased": true}'
          || coalesce(pg_catalog.substring(piece.text, '\]\s*\}?\s*$'), '')
      end,
      '' order by piece.place
    )
    from pg_catalog.unnest(
      pg_catalog.string_to_array(
        pg_catalog.regexp_replace(
          pg_catalog.replace(p_text, v_cut, '\001'),
          -- Between two events; where there are none, between two lines.
          case when v_has_events then '(?<=\})(\s*,?\s*)(?=\{)' else '(\n+)' end,
          v_cut || '\1' || v_cut, 'g'
        ),
        v_cut
      )
    ) with ordinality as piece (text, place)
  );
end;
$$;

comment on function private.cut_from_text(text, text[]) is
  'A text as encode(…, ''escape'') writes it, without the events (or lines, where it has none) that hold one of the names.';

revoke execute on function private.cut_from_text(text, text[]) from public;
grant execute on function private.cut_from_text(text, text[]) to service_role;

create function private.parts_of(p_text text, out parts json, out envelope text)
returns record
language plpgsql
immutable
security invoker
set search_path = ''
as $$
declare
  -- As it came: reading it with its NULs and surrogates is refused, taking its elements is not.
  v_list constant text := pg_catalog.substring(p_text, '^\s*\{\s*"events"\s*:\s*(\[.*\])\s*\}\s*$');
  v_json constant json := private.as_json(p_text);
begin
  envelope := '%s';
  if v_json is null then
    return;
  elsif pg_catalog.json_typeof(v_json) = 'array' then
    parts := p_text::json;
    envelope := '[%s]';
  elsif pg_catalog.json_typeof(v_json -> 'events') = 'array' then
    parts := case when private.as_json(v_list) is null then v_json -> 'events' else v_list::json end;
    envelope := '{"events":[%s]}';
  else
    parts := pg_catalog.json_build_array(v_json);
  end if;
end;
$$;

comment on function private.parts_of(text) is
  'The events of a body and what stands around them, as the webhook reads it; null where the text is no JSON.';

revoke execute on function private.parts_of(text) from public;
grant execute on function private.parts_of(text) to service_role;

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

revoke execute on function private.utf8_or_null(bytea) from public;
grant execute on function private.utf8_or_null(bytea) to service_role;

create function private.anonymous_body(
  p_body bytea,
  p_user_digest bytea,
  p_names text[],
  p_device_ids text[],
  p_now timestamptz,
  out body bytea,
  out tombstones bytea[],
  out found_names text[]
)
returns record
language plpgsql
stable
security invoker
set search_path = ''
as $$
declare
  v_parts json;
  v_envelope text;
  v_text text;
begin
  select * into v_parts, v_envelope from private.parts_of(private.utf8_or_null(p_body));
  if v_parts is null then
    if p_names is not null then
      body := nullif(
        pg_catalog.decode(
          private.cut_from_text(
            pg_catalog.encode(p_body, 'escape'),
            array(
              select pg_catalog.encode(pg_catalog.convert_to(name, 'UTF8'), 'escape')
              from pg_catalog.unnest(p_names || p_device_ids) as name
            )
          ),
          'escape'
        ),
        p_body
      );
    end if;
    return;
  end if;

  select
    pg_catalog.string_agg(coalesce(anonymous.part, told.part::text), ',' order by told.place),
    pg_catalog.array_agg(distinct anonymous.found_name) filter (where anonymous.found_name is not null),
    (
      select pg_catalog.array_agg(stone.digest)
      from pg_catalog.unnest(pg_catalog.array_agg(anonymous.tombstones) filter (where anonymous.part is not null)) as stone (digest)
    )
  into v_text, found_names, tombstones
  from pg_catalog.json_array_elements(v_parts) with ordinality as told (part, place)
  cross join lateral private.anonymous_part(
    private.as_json(told.part::text), p_user_digest, p_device_ids, p_now
  ) as anonymous;
  if tombstones is not null then
    body := pg_catalog.convert_to(pg_catalog.replace(v_envelope, '%s', v_text), 'UTF8');
  end if;
end;
$$;

comment on function private.anonymous_body(bytea, bytea, text[], text[], timestamptz) is
  'A kept body without the user of the digest, or whoever is still to be forgotten; null where it names none. In a body that is no JSON, p_names are looked for as they are written.';

revoke execute on function private.anonymous_body(bytea, bytea, text[], text[], timestamptz) from public;
grant execute on function private.anonymous_body(bytea, bytea, text[], text[], timestamptz) to service_role;
