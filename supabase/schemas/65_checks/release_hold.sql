-- A person decides that a held push is to go out all the same.

create function public.release_hold(
  p_match_id bigint,
  p_reason text,
  p_actor_kind text,
  p_run_id uuid,
  p_dry_run boolean,
  p_now timestamptz,
  p_freeze_seconds integer,
  p_lead_seconds integer,
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
  v_row public.schedule_ledger;
  v_held jsonb;
  v_refused text;
begin
  v_refused := private.begin_verb(p_match_id, 'release', p_now, false, p_freeze_seconds, p_lead_seconds);
  v_row := private.current_ledger(p_match_id);
  select pg_catalog.jsonb_agg(hold.generation order by hold.generation)
  into v_held
  from private.schedule_holds as hold
  where hold.ledger_id = v_row.id and hold.released_at is null;
  if v_refused is not null or p_dry_run then
    return private.answer_verb(p_match_id, v_refused);
  end if;

  perform private.note_action(
    'release', v_row, p_reason, p_actor_kind, p_actor_id, pg_catalog.jsonb_build_object('held_for', v_held), '{}',
    p_run_id, p_now
  );
  update private.schedule_holds as hold
  set released_at = p_now
  where hold.ledger_id = v_row.id and hold.released_at is null;
  update public.alerts as harm
  set resolved_at = p_now
  where harm.rule = 'push_held' and harm.match_id = p_match_id and harm.resolved_at is null;
  return private.answer_verb(p_match_id, null);
end;
$$;

comment on function public.release_hold(bigint, text, text, uuid, boolean, timestamptz, integer, integer, text) is
  'Lets a held push go out, and closes its harm; if its schedule was deleted, the next run creates another. Returns {match_id, done, refused}. A dry run changes nothing.';
revoke all on function public.release_hold(bigint, text, text, uuid, boolean, timestamptz, integer, integer, text) from public, anon, authenticated, service_role;
grant execute on function public.release_hold(bigint, text, text, uuid, boolean, timestamptz, integer, integer, text) to service_role;
