-- A person confirms a removal or a remake that was held because too many came at once.
--
-- The next plan carries it out. Matches are named one by one, so that nothing is confirmed that came after the person looked.

create function public.confirm_removals(
  p_match_id bigint,
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
  v_row public.schedule_ledger;
  v_refused text;
  v_held private.held_changes;
begin
  v_refused := private.begin_verb(p_match_id, 'confirm_removals', p_now);
  v_row := private.current_ledger(p_match_id);
  if v_refused is not null or p_dry_run then
    return private.answer_verb(p_match_id, v_refused);
  end if;

  update private.held_changes as held
  set confirmed_at = p_now
  where held.ledger_id = v_row.id and held.confirmed_at is null
  returning * into v_held;
  -- A run of the scheduler has ended it meanwhile.
  if not found then
    return private.answer_verb(p_match_id, 'nothing of this match is held');
  end if;
  perform private.note_action(
    'confirm_removals', v_row, p_reason, p_actor_kind, p_actor_id,
    pg_catalog.jsonb_build_object('kind', v_held.kind, 'held_at', v_held.held_at), '{}', p_run_id, p_now
  );
  return private.answer_verb(p_match_id, null);
end;
$$;

comment on function public.confirm_removals(bigint, text, text, uuid, boolean, timestamptz, text) is
  'A person confirms a held removal or remake, which the next plan carries out. Returns {match_id, done, refused}. A dry run changes nothing.';
revoke all on function public.confirm_removals(bigint, text, text, uuid, boolean, timestamptz, text) from public, anon, authenticated, service_role;
grant execute on function public.confirm_removals(bigint, text, text, uuid, boolean, timestamptz, text) to service_role;
