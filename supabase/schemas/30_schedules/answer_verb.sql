-- What each verb of a person answers.

create function private.answer_verb(p_match_id bigint, p_refused text)
returns jsonb
language sql
immutable
security invoker
set search_path = ''
as $$
  select pg_catalog.jsonb_build_object('match_id', p_match_id, 'done', p_refused is null, 'refused', p_refused);
$$;

comment on function private.answer_verb(bigint, text) is 'The answer of a verb: {match_id, done, refused}.';
revoke all on function private.answer_verb(bigint, text) from public, anon, authenticated, service_role;
grant execute on function private.answer_verb(bigint, text) to service_role;
