-- Removes the ids of erased people from a text.

create function private.anonymise_text(p_text text, p_user_ids text[])
returns text
language sql
immutable
security invoker
set search_path = ''
as $$
  select coalesce(
    pg_catalog.regexp_replace(
      p_text,
      '(?<![[:alnum:]_-])(?:' || nullif(
        pg_catalog.array_to_string(
          array(
            select pg_catalog.regexp_replace(name, '([^[:alnum:]])', '\\\1', 'g') from pg_catalog.unnest(p_user_ids) as name
          ),
          '|'
        ),
        ''
      ) || ')(?![[:alnum:]_-])',
      'erased', 'g'
    ),
    p_text
  );
$$;

comment on function private.anonymise_text(text, text[]) is
  'The text with "erased" in place of each id that stands as a word.';
revoke all on function private.anonymise_text(text, text[]) from public, anon, authenticated, service_role;
grant execute on function private.anonymise_text(text, text[]) to service_role;
