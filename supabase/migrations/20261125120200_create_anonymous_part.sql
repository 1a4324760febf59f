-- Create private.texts_of and private.anonymous_part: an event that was not understood, without its person.
--
-- It may name the person anywhere, so every text and number in it is looked at.

create function private.texts_of(p_part json)
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
    ) as inside
    -- Match 1001 is not user 1001.
    where inside.key is null or inside.key <> all (private.impersonal_fields())
  )
  select case pg_catalog.json_typeof(walk.part)
    -- As JavaScript writes a number that is somebody's id.
    when 'number' then pg_catalog.trim_scale((walk.part #>> '{}')::numeric)::text
    else walk.part #>> '{}'
  end
  from walk
  where pg_catalog.json_typeof(walk.part) in ('string', 'number')
  union
  select walk.key from walk where walk.key is not null;
$$;

comment on function private.texts_of(json) is
  'Every text, number and key in a piece of JSON, but for the fields that say nothing of a person.';

revoke execute on function private.texts_of(json) from public;
grant execute on function private.texts_of(json) to service_role;

create function private.anonymous_part(
  p_part json,
  p_user_digest bytea,
  p_device_ids text[],
  p_now timestamptz,
  out part text,
  out tombstones bytea[],
  out found_name text
)
returns record
language plpgsql
stable
security invoker
set search_path = ''
as $$
declare
  v_part constant jsonb := p_part::jsonb;
  v_said constant jsonb := v_part
    || case pg_catalog.jsonb_typeof(v_part -> 'user') when 'object' then v_part -> 'user' else '{}' end
    || case pg_catalog.jsonb_typeof(v_part -> 'properties') when 'object' then v_part -> 'properties' else '{}' end;
  v_own_id constant text := nullif(
    case
      when v_part ->> 'event_type' like 'users.%' or v_part ->> 'event_id' is null then v_part ->> 'id'
      else v_part ->> 'event_id'
    end, ''
  );
  v_texts constant text[] := array(select private.texts_of(p_part));
  v_is_known boolean;
  v_user private.erased_users;
begin
  tombstones := array[private.keyed_digest(coalesce(v_own_id, v_part::text)), private.keyed_digest(v_part::text)];
  v_is_known := exists (select 1 from private.erased_events as known where known.digest = any (tombstones));

  select told.text into found_name
  from pg_catalog.unnest(v_texts) as told (text)
  cross join lateral (
    select erased.forget_until, erased.user_digest
    from private.erased_users as erased
    where erased.user_digest = private.keyed_digest(told.text)
    limit 1
  ) as erased
  where case
    when p_user_digest is null then erased.forget_until > p_now or v_is_known
    else erased.user_digest = p_user_digest
  end
  limit 1;
  select * into v_user
  from private.erased_users as erased
  where erased.user_digest = coalesce(private.keyed_digest(found_name), p_user_digest);

  -- A device that names another user is that user's.
  if found_name is null and not v_is_known
    and (nullif(v_said ->> 'external_user_id', '') is not null or not coalesce(v_texts && p_device_ids, false)) then
    return;
  end if;
  part := private.anonymous_payload(
    v_part,
    private.event_stand_in(tombstones[1]),
    case when found_name is not null then v_user.stand_in end,
    private.device_stand_in(v_user.device_key, v_said ->> 'device_id')
  )::text;
end;
$$;

comment on function private.anonymous_part(json, bytea, text[], timestamptz) is
  'An event that names the user of the digest (without one: a user who is still to be forgotten), anonymous; null where it names none.';

revoke execute on function private.anonymous_part(json, bytea, text[], timestamptz) from public;
grant execute on function private.anonymous_part(json, bytea, text[], timestamptz) to service_role;
