-- A person closes a harm, with a word.
--
-- A condition is not closed by hand: the next run would open it again, and "resolved" would be wrong meanwhile.

create function public.resolve_alert(
  p_fingerprint text,
  p_reason text,
  p_actor_kind text,
  p_run_id uuid,
  p_dry_run boolean,
  p_now timestamptz,
  p_actor_id text default null
)
returns jsonb
language plpgsql
volatile
security invoker
set search_path = ''
set jit = off
as $$
declare
  v_open public.alerts;
  v_refused text;
begin
  select * into v_open
  from public.alerts as open
  where open.fingerprint = p_fingerprint and open.resolved_at is null
  for update;
  v_refused := case
    when v_open.id is null then 'no such alert is open'
    when v_open.kind = 'condition' then 'it resolves by itself when its cause is gone'
  end;
  if v_refused is null and not p_dry_run then
    insert into public.operator_actions (acted_at, action, match_id, actor_kind, actor_id, reason, before, details, run_id)
    values (
      p_now, 'resolve', v_open.match_id, p_actor_kind, p_actor_id, p_reason,
      pg_catalog.jsonb_build_object('rule', v_open.rule, 'title', v_open.title, 'first_seen_at', v_open.first_seen_at),
      pg_catalog.jsonb_build_object('fingerprint', p_fingerprint), p_run_id
    );
    update public.alerts as open set resolved_at = p_now, resolved_as = 'person' where open.id = v_open.id;
  end if;
  return pg_catalog.jsonb_build_object(
    'match_id', v_open.match_id, 'fingerprint', p_fingerprint, 'done', v_refused is null, 'refused', v_refused
  );
end;
$$;

comment on function public.resolve_alert(text, text, text, uuid, boolean, timestamptz, text) is
  'Closes an open harm; returns {match_id, fingerprint, done, refused}. A dry run changes nothing.';
revoke all on function public.resolve_alert(text, text, text, uuid, boolean, timestamptz, text) from public, anon, authenticated, service_role;
grant execute on function public.resolve_alert(text, text, text, uuid, boolean, timestamptz, text) to service_role;
