-- A person decides that a match is not pushed.
--
-- The row is cancelled at once, so the send gate turns the push away; the scheduler deletes what Braze holds, with the
-- journal before the call, and tries again until that is done.

create function public.cancel_push(
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
begin
  v_refused := private.begin_verb(p_match_id, 'cancel', p_now);
  v_row := private.current_ledger(p_match_id);
  if v_refused is not null or p_dry_run then
    return private.answer_verb(p_match_id, v_refused);
  end if;

  perform private.note_action(
    'cancel', v_row, p_reason, p_actor_kind, p_actor_id,
    pg_catalog.jsonb_build_object('status', v_row.status, 'cancel_reason', v_row.cancel_reason, 'notes', v_row.notes),
    '{}', p_run_id, p_now
  );
  perform public.cancel_ledger(
    v_row.id, v_row.generation, 'operator',
    'Cancelled by ' || coalesce('operator ' || p_actor_id, 'a holder of the secret key') || ': ' || p_reason, p_now
  );
  return private.answer_verb(p_match_id, null);
end;
$$;

comment on function public.cancel_push(bigint, text, text, uuid, boolean, timestamptz, text) is
  'A person takes the push of a match off: the next run of the scheduler deletes it in Braze. Returns {match_id, done, refused}. A dry run changes nothing.';
revoke all on function public.cancel_push(bigint, text, text, uuid, boolean, timestamptz, text) from public, anon, authenticated, service_role;
grant execute on function public.cancel_push(bigint, text, text, uuid, boolean, timestamptz, text) to service_role;
