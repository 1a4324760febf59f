-- A regular expression that finds names in bytes, quickly.
--
-- An erasure reads every kept body. To parse each would take longer than webhooks can wait, so this leaves out those that
-- certainly name nobody.

create function private.naming_pattern(p_names text[])
returns text
language sql
immutable
security invoker
set search_path = ''
as $$
  -- Not as a word of its own: looking behind would make it a hundred times slower.
  select pg_catalog.string_agg(name.pattern, '|')
  from (
    select pg_catalog.string_agg(
      case
        -- JSON may write each letter as an escape, and JSON within JSON repeats the backslash, as encode() does.
        when letter.code < 32 then '(?:[[:cntrl:]]|\\+[a-zA-Z0-9]+)'
        when letter.text = '\' then '(?:\\+(?:u005[Cc])?)'
        when letter.text ~ '[[:alnum:]]' and letter.code < 128 then '(?:' || letter.text || '|' || letter.escape || ')'
        when letter.code < 128 then '(?:\\*[' || case when letter.text = '^' then '\' else '' end || letter.text || ']|' || letter.escape || ')'
        else '(?:' || pg_catalog.replace(pg_catalog.encode(pg_catalog.convert_to(letter.text, 'UTF8'), 'escape'), '\', '\\')
          || '|' || letter.escape || ')'
      end,
      '' order by letter.place
    ) as pattern
    from pg_catalog.unnest(p_names) with ordinality as given (name, number)
    cross join lateral (
      select told.text, told.place, pg_catalog.ascii(told.text) as code, (
        select pg_catalog.string_agg('\\+u' || (
          select pg_catalog.string_agg('[' || digit.text || pg_catalog.upper(digit.text) || ']', '' order by digit.place)
          from pg_catalog.string_to_table(pg_catalog.lpad(pg_catalog.to_hex(unit.code), 4, '0'), null)
            with ordinality as digit (text, place)
        ), '' order by unit.place)
        from pg_catalog.unnest(
          case when pg_catalog.ascii(told.text) < 65536 then array[pg_catalog.ascii(told.text)]
          else array[55296 + ((pg_catalog.ascii(told.text) - 65536) >> 10), 56320 + ((pg_catalog.ascii(told.text) - 65536) & 1023)] end
        ) with ordinality as unit (code, place)
      ) as escape
      from pg_catalog.string_to_table(given.name, null) with ordinality as told (text, place)
    ) as letter
    group by given.number
  ) as name;
$$;

comment on function private.naming_pattern(text[]) is
  'Matches encode(body, ''escape'') of every body that holds one of the names, as text or as any JSON text; it may match others too. Null without names.';
revoke all on function private.naming_pattern(text[]) from public, anon, authenticated, service_role;
grant execute on function private.naming_pattern(text[]) to service_role;
