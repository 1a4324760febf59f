-- Takes back the last thing that a person did to a match, as long as it has caused no call of Braze.
--
-- What caused one is not undone but done: a schedule that was deleted is made again by `reschedule`. The caller names the
-- action: a request that is repeated because its answer was lost must not take back the one before.

create function private.restore_schedules(p_ledger_id uuid, p_schedules jsonb, p_acted_at timestamptz, p_now timestamptz)
returns void
language sql
volatile
security invoker
set search_path = ''
set jit = off
as $$
  update public.schedule_attempts as attempt
  set resolved_at = null, resolved_as = null
  where attempt.ledger_id = p_ledger_id and attempt.resolved_as = 'released' and attempt.resolved_at = p_acted_at;
  update public.braze_schedules as schedule
  set state = coalesce(told.state, schedule.state), settled_at = null,
    absent_at = case when schedule.absent_at = p_acted_at then null else schedule.absent_at end,
    updated_at = p_now
  from public.braze_schedules as settled
  left join pg_catalog.jsonb_to_recordset(p_schedules) as told (generation integer, state text)
    on told.generation = settled.generation
  where settled.ledger_id = p_ledger_id and settled.settled_at = p_acted_at
    and schedule.ledger_id = settled.ledger_id and schedule.generation = settled.generation;
$$;

comment on function private.restore_schedules(uuid, jsonb, timestamptz, timestamptz) is
  'Puts back the schedules [{generation, state}] and their creates that a person settled at that time.';
revoke all on function private.restore_schedules(uuid, jsonb, timestamptz, timestamptz) from public, anon, authenticated, service_role;
grant execute on function private.restore_schedules(uuid, jsonb, timestamptz, timestamptz) to service_role;

create function public.undo(
  p_match_id bigint,
  p_action_id bigint,
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
  v_done public.operator_actions;
  v_refused text;
begin
  -- push_again leaves a match without a current intent until the scheduler makes the next one.
  select * into v_row from public.schedule_ledger as ledger
  where ledger.match_id = p_match_id
  order by ledger.intent desc
  limit 1
  for no key update;
  if exists (
    select 1 from public.operator_actions as undo where undo.undoes = p_action_id and undo.match_id = p_match_id
  ) then
    return private.answer_verb(p_match_id, null);
  end if;
  select * into v_done from private.last_done(p_match_id);
  v_refused := case
    when v_done.id <> p_action_id then 'action ' || p_action_id || ' is not the last of this match, which is '
      || v_done.id || ' (' || v_done.action || ')'
    else (
      select answer.refused
      from private.verb_refusals(array[p_match_id], array['undo'], false, null, null, p_now) as answer
    )
  end;
  if v_refused is not null or p_dry_run then
    return private.answer_verb(p_match_id, v_refused);
  end if;

  perform private.note_action(
    'undo', v_row, p_reason, p_actor_kind, p_actor_id,
    pg_catalog.jsonb_build_object(
      'status', v_row.status, 'cancel_reason', v_row.cancel_reason, 'sent_evidence', v_row.sent_evidence,
      'sent_confirmed_at', v_row.sent_confirmed_at, 'notes', v_row.notes
    ),
    '{}', p_run_id, p_now, v_done.id
  );
  if v_done.action in ('mark_sent', 'mark_not_sent', 'cancel', 'reschedule', 'declare_gone') then
    update public.schedule_ledger as ledger
    set status = (v_done.before ->> 'status')::public.schedule_status,
      cancel_reason = v_done.before ->> 'cancel_reason',
      notes = case when v_done.action = 'declare_gone' then ledger.notes else v_done.before ->> 'notes' end,
      sent_evidence = null,
      sent_confirmed_at = null,
      updated_at = p_now
    where ledger.id = v_row.id;
  end if;
  if v_done.action in ('reschedule', 'declare_gone') then
    perform private.restore_schedules(v_row.id, v_done.before -> 'schedules', v_done.acted_at, p_now);
  end if;
  if v_done.action = 'push_again' then
    update public.schedule_ledger as ledger set replaced_at = null, updated_at = p_now where ledger.id = v_row.id;
  end if;
  if v_done.action = 'confirm_removals' then
    update private.held_changes as held set confirmed_at = null where held.ledger_id = v_row.id;
  end if;
  if v_done.action = 'release' then
    update private.schedule_holds as hold
    set released_at = null
    where hold.ledger_id = v_row.id and hold.released_at = v_done.acted_at;
    update public.alerts as harm
    set resolved_at = null
    where harm.rule = 'push_held' and harm.match_id = p_match_id and harm.resolved_at = v_done.acted_at
      and not exists (
        select 1 from public.alerts as open where open.fingerprint = harm.fingerprint and open.resolved_at is null
      );
  end if;
  return private.answer_verb(p_match_id, null);
end;
$$;

comment on function public.undo(bigint, bigint, text, text, uuid, boolean, timestamptz, text) is
  'Takes back the last action of a person on a match, which p_action_id names, if it has caused no call of Braze; one that is taken back already stays so. Returns {match_id, done, refused}. A dry run changes nothing.';
revoke all on function public.undo(bigint, bigint, text, text, uuid, boolean, timestamptz, text) from public, anon, authenticated, service_role;
grant execute on function public.undo(bigint, bigint, text, text, uuid, boolean, timestamptz, text) to service_role;
