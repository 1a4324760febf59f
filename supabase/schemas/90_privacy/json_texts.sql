-- Whatever JSON says, as texts: an event may name a person in any field.

create function private.json_texts(p_part json)
returns setof text
language sql
immutable
security invoker
set search_path = ''
as $$
  with recursive walk (key, part) as (
    select null::text, p_part
    union all
    select inside.key, inside.part
    from walk
    cross join lateral (
      select field.key, field.value as part
      from pg_catalog.json_each(case pg_catalog.json_typeof(walk.part) when 'object' then walk.part else '{}' end) as field
      union all
      select walk.key, element.value
      from pg_catalog.json_array_elements(case pg_catalog.json_typeof(walk.part) when 'array' then walk.part else '[]' end) as element
      union all
      -- Message extras are a text that holds JSON.
      select walk.key, private.json_or_null(walk.part #>> '{}')
      where pg_catalog.json_typeof(walk.part) = 'string' and walk.part #>> '{}' ~ '^\s*[\[{]'
    ) as inside
    -- The number of a match is not the id of a user.
    where inside.key is null or inside.key <> all (private.fields_without_personal_data())
  )
  select case pg_catalog.json_typeof(walk.part)
    -- As JavaScript writes a numeric id.
    when 'number' then pg_catalog.trim_scale((walk.part #>> '{}')::numeric)::text
    else walk.part #>> '{}'
  end
  from walk
  where pg_catalog.json_typeof(walk.part) in ('string', 'number')
  union
  select walk.key from walk where walk.key is not null;
$$;

comment on function private.json_texts(json) is
  'Every text, number and key in JSON, except fields without personal data.';
revoke all on function private.json_texts(json) from public, anon, authenticated, service_role;
grant execute on function private.json_texts(json) to service_role;
