-- Blanks at the ends of a name, which nobody sees and which make it another name.

create function private.text_has_outer_blanks(p_text text)
returns boolean
language sql
immutable
security invoker
set search_path = ''
as $$
  -- Named one by one: which of them [[:space:]] matches depends on the locale of the database.
  select p_text ~ '^[\s\u00a0\u1680\u2000-\u200d\u2028\u2029\u202f\u205f\u2060\u3000\ufeff]'
    or p_text ~ '[\s\u00a0\u1680\u2000-\u200d\u2028\u2029\u202f\u205f\u2060\u3000\ufeff]$';
$$;

comment on function private.text_has_outer_blanks(text) is 'Whether a text begins or ends with a blank, one without width included.';
revoke all on function private.text_has_outer_blanks(text) from public, anon, authenticated, service_role;
grant execute on function private.text_has_outer_blanks(text) to service_role;
