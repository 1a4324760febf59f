-- A match that was pushed is played again, so it is pushed again.
--
-- The push that went out stays what it is, with its counts, on its own date: the new one is an intent of its own, with a row
-- and a send id of its own. Statistics of the first would otherwise prove the second.

create function public.push_again(
  p_match_id bigint,
  p_reason text,
  p_actor_kind text,
  p_run_id uuid,
  p_dry_run boolean,
  p_now timestamptz,
  p_accept_double_push boolean,
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
  v_refused text;
begin
  v_refused := private.begin_verb(p_match_id, 'push_again', p_now, p_accept_double_push, p_freeze_seconds, p_lead_seconds);
  v_row := private.current_ledger(p_match_id);
  if v_refused is not null or p_dry_run then
    return private.answer_verb(p_match_id, v_refused);
  end if;

  perform private.note_action(
    'push_again', v_row, p_reason, p_actor_kind, p_actor_id,
    pg_catalog.jsonb_build_object('status', v_row.status, 'intent', v_row.intent, 'send_id', v_row.send_id),
    pg_catalog.jsonb_build_object('accept_double_push', p_accept_double_push), p_run_id, p_now
  );
  update public.schedule_ledger as ledger set replaced_at = p_now, updated_at = p_now where ledger.id = v_row.id;
  -- That was the choice.
  update public.alerts as harm
  set resolved_at = p_now
  where harm.rule = 'sent_for_old_date' and harm.match_id = p_match_id and harm.resolved_at is null;
  return private.answer_verb(p_match_id, null);
end;
$$;

comment on function public.push_again(bigint, text, text, uuid, boolean, timestamptz, boolean, integer, integer, text) is
  'A match that was pushed is played again: the next run of the scheduler makes a new intent, with a send id of its own. Returns {match_id, done, refused}. A dry run changes nothing.';
revoke all on function public.push_again(bigint, text, text, uuid, boolean, timestamptz, boolean, integer, integer, text) from public, anon, authenticated, service_role;
grant execute on function public.push_again(bigint, text, text, uuid, boolean, timestamptz, boolean, integer, integer, text) to service_role;
