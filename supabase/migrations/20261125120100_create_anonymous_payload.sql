-- Create private.as_json and private.anonymous_payload: what may stay of an event when its person goes.
--
-- A list of what stays, not of what goes: a field that Braze adds tomorrow may say anything. What is left has the
-- shape of an event, so that whoever reads payloads again still finds platform, abort type and echo.

create function private.as_json(p_text text)
returns json
language plpgsql
immutable
security invoker
set search_path = ''
as $$
begin
  perform p_text::jsonb;
  -- As it was written: jsonb keeps one of two equal keys.
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

comment on function private.as_json(text) is
  'The text as JSON that can be read and cast, null where it is none. NUL and surrogates are replaced where jsonb refuses them.';

revoke execute on function private.as_json(text) from public;
grant execute on function private.as_json(text) to service_role;

create function private.impersonal_fields()
returns text[]
language sql
immutable
security invoker
set search_path = ''
as $$
  select array[
    'event_type', 'time', 'sent_at', 'campaign_id', 'dispatch_id', 'send_id', 'schedule_id', 'braze_schedule_id',
    'match_id', 'ledger_id', 'generation', 'platform', 'abort_type'
  ];
$$;

comment on function private.impersonal_fields() is 'Fields of an event that say nothing of a person: they stay.';

revoke execute on function private.impersonal_fields() from public;
grant execute on function private.impersonal_fields() to service_role;

create function private.anonymous_payload(p_payload jsonb, p_event_id text, p_user text, p_device text)
returns jsonb
language sql
immutable
security invoker
set search_path = ''
as $$
  with part (name, fields) as (
    select told.name, told.fields
    from (
      values
        (null, p_payload),
        ('user', p_payload -> 'user'),
        ('properties', p_payload -> 'properties'),
        ('trigger_properties', p_payload -> 'trigger_properties'),
        (
          'message_extras',
          (
            -- A string that holds JSON, as Braze has it; somebody else may send the object.
            select case pg_catalog.jsonb_typeof(extras.told) when 'string' then private.as_json(extras.told #>> '{}')::jsonb else extras.told end
            from (select coalesce(p_payload #> '{properties,message_extras}', p_payload -> 'message_extras')) as extras (told)
          )
        )
    ) as told (name, fields)
    where pg_catalog.jsonb_typeof(told.fields) = 'object'
  ),
  kept as (
    select
      part.name,
      (
        select coalesce(pg_catalog.jsonb_object_agg(field.key, field.value), '{}')
        from pg_catalog.jsonb_each(part.fields) as field
        where field.key = any (private.impersonal_fields())
          and pg_catalog.jsonb_typeof(field.value) not in ('object', 'array')
      ) as fields
    from part
  )
  select case
    -- Emptied when its time was over.
    when p_payload = '{}' then p_payload
    else
      coalesce((select kept.fields from kept where kept.name is null), '{}')
      || coalesce((select pg_catalog.jsonb_object_agg(kept.name, kept.fields) from kept where kept.name is not null), '{}')
      || pg_catalog.jsonb_strip_nulls(
        pg_catalog.jsonb_build_object('id', p_event_id, 'external_user_id', p_user, 'device_id', p_device)
      )
  end;
$$;

comment on function private.anonymous_payload(jsonb, text, text, text) is
  'An event as it came, without all that could be of a person; their stand-ins take the place of event id, user and device.';

revoke execute on function private.anonymous_payload(jsonb, text, text, text) from public;
grant execute on function private.anonymous_payload(jsonb, text, text, text) to service_role;
