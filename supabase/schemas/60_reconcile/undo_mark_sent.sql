-- Reverts a manual confirmation.

create function public.undo_mark_sent(
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
as $$
declare
  v_row public.schedule_ledger;
  v_marked public.operator_actions;
  v_refused text;
begin
  select * into v_row from public.schedule_ledger as ledger where ledger.match_id = p_match_id for no key update;
  select * into v_marked
  from public.operator_actions as action
  where action.ledger_id = v_row.id and action.action = 'mark_sent'
    and not exists (select 1 from public.operator_actions as undo where undo.undoes = action.id)
  order by action.id desc
  limit 1;
  v_refused := case
    when v_row.id is null then 'there is no ledger row of this match'
    when v_row.status <> 'sent' then 'it is not marked as sent'
    when v_row.sent_evidence <> 'operator' then 'nobody marked it: it is sent by other evidence (' || v_row.sent_evidence || ')'
    when v_marked.id is null then 'who marked it is not on record, so what was there before is not known'
    when exists (
      select 1 from public.braze_schedules as schedule
      where schedule.ledger_id = v_row.id and schedule.generation = v_row.generation and schedule.first_event_at is not null
    ) then 'events have proved since that it went out'
  end;
  if v_refused is not null then
    return pg_catalog.jsonb_build_object('match_id', p_match_id, 'done', false, 'refused', v_refused);
  end if;

  if not p_dry_run then
    insert into public.operator_actions
      (acted_at, action, match_id, ledger_id, generation, actor_kind, actor_id, reason, before, run_id, undoes)
    values (
      p_now, 'undo_mark_sent', p_match_id, v_row.id, v_row.generation, p_actor_kind, p_actor_id, p_reason,
      pg_catalog.jsonb_build_object(
        'status', v_row.status, 'sent_evidence', v_row.sent_evidence, 'sent_confirmed_at', v_row.sent_confirmed_at,
        'notes', v_row.notes
      ),
      p_run_id, v_marked.id
    );
    update public.schedule_ledger as ledger
    set status = (v_marked.before ->> 'status')::public.schedule_status,
      cancel_reason = v_marked.before ->> 'cancel_reason',
      notes = v_marked.before ->> 'notes',
      sent_evidence = null,
      sent_confirmed_at = null,
      updated_at = p_now
    where ledger.id = v_row.id;
  end if;
  return pg_catalog.jsonb_build_object('match_id', p_match_id, 'done', true, 'refused', null);
end;
$$;

comment on function public.undo_mark_sent(bigint, text, text, uuid, boolean, timestamptz, text) is
  'Reverts a mark_sent and restores the ledger row; returns {match_id, done, refused}. A dry run changes nothing.';
revoke all on function public.undo_mark_sent(bigint, text, text, uuid, boolean, timestamptz, text) from public, anon, authenticated, service_role;
grant execute on function public.undo_mark_sent(bigint, text, text, uuid, boolean, timestamptz, text) to service_role;
