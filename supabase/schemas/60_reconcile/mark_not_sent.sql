-- A person states that a push that was due did not go out.
--
-- It is a statement, not a change in Braze: what is not proved counts as not sent. An event that proves the opposite later
-- wins, as everywhere. But the send gate turns away what counts as not sent, so it is not said of a push that may be going
-- out: the rest of its users would not get it.

create function public.mark_not_sent(
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
  v_refused := private.begin_verb(p_match_id, 'mark_not_sent', p_now);
  v_row := private.current_ledger(p_match_id);
  if v_refused is not null or p_dry_run then
    return private.answer_verb(p_match_id, v_refused);
  end if;

  perform private.note_action(
    'mark_not_sent', v_row, p_reason, p_actor_kind, p_actor_id,
    pg_catalog.jsonb_build_object('status', v_row.status, 'cancel_reason', v_row.cancel_reason, 'notes', v_row.notes),
    '{}', p_run_id, p_now
  );
  perform public.cancel_ledger(
    v_row.id, v_row.generation, 'operator',
    'Marked as not sent by ' || coalesce('operator ' || p_actor_id, 'a holder of the secret key') || ': ' || p_reason, p_now
  );
  update public.alerts as open
  set resolved_at = p_now
  where open.rule = 'stale_pending' and open.match_id = p_match_id and open.resolved_at is null;
  return private.answer_verb(p_match_id, null);
end;
$$;

comment on function public.mark_not_sent(bigint, text, text, uuid, boolean, timestamptz, text) is
  'A person states that the push of a match did not go out. Returns {match_id, done, refused}. A dry run changes nothing.';
revoke all on function public.mark_not_sent(bigint, text, text, uuid, boolean, timestamptz, text) from public, anon, authenticated, service_role;
grant execute on function public.mark_not_sent(bigint, text, text, uuid, boolean, timestamptz, text) to service_role;
