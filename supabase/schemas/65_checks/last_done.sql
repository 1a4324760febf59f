-- What a person did to a match last, and has not taken back.

create function private.last_done(p_match_id bigint)
returns setof public.operator_actions
language sql
stable
security invoker
set search_path = ''
set jit = off
as $$
  select action.*
  from public.operator_actions as action
  where action.match_id = p_match_id and action.action not in ('undo', 'resolve', 'keep_schedule', 'delete_schedule')
    and not exists (select 1 from public.operator_actions as undo where undo.undoes = action.id)
  order by action.id desc
  limit 1;
$$;

comment on function private.last_done(bigint) is 'The last action of a person on a match that is not undone: no row, or one.';
revoke all on function private.last_done(bigint) from public, anon, authenticated, service_role;
grant execute on function private.last_done(bigint) to authenticated, service_role;
