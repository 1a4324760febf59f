-- The parts of an event that stay when its person is erased.
--
-- It lists what stays, not what goes: a field that Braze adds later may hold anything. The result keeps the shape of an
-- event, so that readers of payloads still find platform, abort type and echo.

create function private.anonymise_payload(p_payload jsonb, p_event_id text, p_user text, p_device text)
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
            -- Braze sends a string that holds JSON; other senders may send the object.
            select case pg_catalog.jsonb_typeof(extras.told) when 'string' then private.json_or_null(extras.told #>> '{}')::jsonb else extras.told end
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
        where field.key = any (private.fields_without_personal_data())
          and pg_catalog.jsonb_typeof(field.value) not in ('object', 'array')
      ) as fields
    from part
  )
  select case
    -- raw_payload was pruned.
    when p_payload = '{}' then p_payload
    else
      coalesce((select kept.fields from kept where kept.name is null), '{}')
      || coalesce((select pg_catalog.jsonb_object_agg(kept.name, kept.fields) from kept where kept.name is not null), '{}')
      || pg_catalog.jsonb_strip_nulls(
        pg_catalog.jsonb_build_object('id', p_event_id, 'external_user_id', p_user, 'device_id', p_device)
      )
  end;
$$;

comment on function private.anonymise_payload(jsonb, text, text, text) is
  'The event without personal data; pseudonyms replace event id, user and device.';
revoke all on function private.anonymise_payload(jsonb, text, text, text) from public, anon, authenticated, service_role;
grant execute on function private.anonymise_payload(jsonb, text, text, text) to service_role;
