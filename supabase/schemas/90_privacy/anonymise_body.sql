-- Removes an erased person from a reject.
--
-- The events of other people beside theirs stay as they came, to the byte. An event may name the person anywhere, so each
-- text and number in it is examined.

create function private.anonymise_part(
  p_part json,
  p_user_digest bytea,
  p_other_ids text[],
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
set jit = off
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
  v_texts constant text[] := array(select private.json_texts(p_part));
  v_is_known boolean;
  v_user private.erased_users;
begin
  tombstones := array[private.keyed_digest(coalesce(v_own_id, v_part::text)), private.keyed_digest(v_part::text)];
  v_is_known := exists (select 1 from private.erased_events as known where known.digest = any (tombstones));

  select told.text into found_name
  from pg_catalog.unnest(v_texts) as told (text)
  cross join lateral (
    select erased.anonymise_until, erased.user_digest
    from private.erased_users as erased
    where erased.user_digest = private.keyed_digest(told.text)
    limit 1
  ) as erased
  where case
    when p_user_digest is null then erased.anonymise_until > p_now or v_is_known
    else erased.user_digest = p_user_digest
  end
  limit 1;
  select * into v_user
  from private.erased_users as erased
  where erased.user_digest = coalesce(private.keyed_digest(found_name), p_user_digest);

  -- An event on their device that names another user is that user's.
  if found_name is null and not v_is_known then
    if nullif(v_said ->> 'external_user_id', '') is not null then
      return;
    elsif p_user_digest is null then
      select known.* into v_user from private.erased_user_of(null, v_texts) as known where known.anonymise_until > p_now;
      if v_user.user_digest is null then
        return;
      end if;
    elsif not coalesce(v_texts && p_other_ids, false) then
      return;
    end if;
  end if;
  part := private.anonymise_payload(
    v_part,
    private.event_pseudonym(tombstones[1]),
    case when found_name is not null then v_user.pseudonym end,
    private.device_pseudonym(v_user.device_key, v_said ->> 'device_id')
  )::text;
end;
$$;

comment on function private.anonymise_part(json, bytea, text[], timestamptz) is
  'The event anonymised, if it names the user of the digest (without a digest: any erased user); otherwise null.';
revoke all on function private.anonymise_part(json, bytea, text[], timestamptz) from public, anon, authenticated, service_role;
grant execute on function private.anonymise_part(json, bytea, text[], timestamptz) to service_role;

create function private.remove_from_text(p_text text, p_user_ids text[])
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
        -- A number may be a count: it is a user id only in a field for user ids.
        select case when v_has_events and name ~ '^[0-9]+$' then '"[[:alnum:]_]*user[[:alnum:]_]*"\s*:\s*"?'
            else '(?:(?<![[:alnum:]_-])|(?<=\\000))' end
          || pg_catalog.regexp_replace(name, '([^[:alnum:]])', '\\\1', 'g')
        from pg_catalog.unnest(p_user_ids) as name
      ),
      '|'
    )
    || ')(?![[:alnum:]_-])';
begin
  return (
    select pg_catalog.string_agg(
      case
        when piece.text !~ v_naming then piece.text
        -- The envelope around the events belongs to no person.
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

comment on function private.remove_from_text(text, text[]) is
  'A text as encode(…, ''escape'') writes it, without the events (or lines, where it has no events) that hold one of the ids.';
revoke all on function private.remove_from_text(text, text[]) from public, anon, authenticated, service_role;
grant execute on function private.remove_from_text(text, text[]) to service_role;

create function private.anonymise_body(
  p_body bytea,
  p_user_digest bytea,
  p_user_ids text[],
  p_other_ids text[],
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
set jit = off
as $$
declare
  v_parts json;
  v_envelope text;
  v_text text;
begin
  select * into v_parts, v_envelope from private.body_parts(private.utf8_or_null(p_body));
  if v_parts is null then
    if p_user_ids is not null then
      body := nullif(
        pg_catalog.decode(
          private.remove_from_text(
            pg_catalog.encode(p_body, 'escape'),
            array(
              select pg_catalog.encode(pg_catalog.convert_to(name, 'UTF8'), 'escape')
              from pg_catalog.unnest(p_user_ids || p_other_ids) as name
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
  cross join lateral private.anonymise_part(
    private.json_or_null(told.part::text), p_user_digest, p_other_ids, p_now
  ) as anonymous;
  if tombstones is not null then
    body := pg_catalog.convert_to(pg_catalog.replace(v_envelope, '%s', v_text), 'UTF8');
  end if;
end;
$$;

comment on function private.anonymise_body(bytea, bytea, text[], text[], timestamptz) is
  'A stored body without the user of the digest, or without any erased user; null where it names none. p_other_ids: their devices, and Braze''s own ids of them. In a body that is not JSON, p_user_ids and p_other_ids are searched for as text.';
revoke all on function private.anonymise_body(bytea, bytea, text[], text[], timestamptz) from public, anon, authenticated, service_role;
grant execute on function private.anonymise_body(bytea, bytea, text[], text[], timestamptz) to service_role;
