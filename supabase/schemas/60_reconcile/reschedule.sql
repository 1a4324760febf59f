-- A match whose push was taken off by a person, here or in Braze's dashboard, is to have one after all.

create function public.reschedule(
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
  v_refused := private.begin_verb(p_match_id, 'reschedule', p_now, p_accept_double_push, p_freeze_seconds, p_lead_seconds);
  v_row := private.current_ledger(p_match_id);
  if v_refused is not null or p_dry_run then
    return private.answer_verb(p_match_id, v_refused);
  end if;

  perform private.note_action(
    'reschedule', v_row, p_reason, p_actor_kind, p_actor_id,
    pg_catalog.jsonb_build_object(
      'status', v_row.status, 'cancel_reason', v_row.cancel_reason, 'notes', v_row.notes,
      'schedules', private.settle_unclear(v_row.id, p_now)
    ),
    pg_catalog.jsonb_build_object('accept_double_push', p_accept_double_push), p_run_id, p_now
  );
  -- What the plan cancelled, the plan takes back.
  update public.schedule_ledger as ledger
  set cancel_reason = 'plan', notes = 'To be scheduled again: ' || p_reason, updated_at = p_now
  where ledger.id = v_row.id;
  return private.answer_verb(p_match_id, null);
end;
$$;

comment on function public.reschedule(bigint, text, text, uuid, boolean, timestamptz, boolean, integer, integer, text) is
  'A person wants the push of a match after all that a person had cancelled: the next run of the scheduler makes the next generation. Returns {match_id, done, refused}. A dry run changes nothing.';
revoke all on function public.reschedule(bigint, text, text, uuid, boolean, timestamptz, boolean, integer, integer, text) from public, anon, authenticated, service_role;
grant execute on function public.reschedule(bigint, text, text, uuid, boolean, timestamptz, boolean, integer, integer, text) to service_role;
