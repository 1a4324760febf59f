-- Why the last thing that a person did to a match cannot be taken back.

create function private.undo_refusal(
  p_row public.schedule_ledger,
  p_done public.operator_actions,
  p_now timestamptz
)
returns text
language sql
stable
security invoker
set search_path = ''
set jit = off
as $$
  select case
    when (p_done).id is null then 'nobody did anything to it that is not undone'
    when (p_done).action in ('mark_sent', 'mark_not_sent') then case
      when (p_done).action = 'mark_sent' and (p_row).status <> 'sent' then 'it is not marked as sent any more'
      when (p_done).action = 'mark_sent' and (p_row).sent_evidence <> 'operator'
        then 'it is sent by other evidence (' || (p_row).sent_evidence || ')'
      when (p_done).action = 'mark_not_sent' and (p_row).cancel_reason is distinct from 'operator'
        then 'it is ' || (p_row).status || ' for another reason since'
      when exists (
        select 1 from public.braze_schedules as schedule
        where schedule.ledger_id = (p_row).id and schedule.generation = (p_row).generation
          and schedule.first_event_at is not null
      ) then 'events have proved since that it went out'
    end
    -- Its send is proved since: that is no action of a person.
    when (p_row).status = 'sent' and (p_done).action <> 'push_again' then 'it is sent since (' || (p_row).sent_evidence || ')'
    when (p_done).action = 'adopt_schedule' then 'the adopted schedule is its own now: use cancel'
    -- Also one that was under way when the person acted.
    when exists (
      select 1 from public.schedule_attempts as attempt
      where attempt.match_id = (p_done).match_id and attempt.kind <> 'send_id'
        and (attempt.opened_at >= (p_done).acted_at or attempt.outcome is null)
    ) then 'it has caused a call to Braze: ' || case (p_done).action
      when 'cancel' then 'use reschedule'
      when 'push_again' then 'use cancel'
      when 'reschedule' then 'use cancel'
      when 'declare_gone' then 'use cancel if no push is wanted'
      else 'it cannot be undone'
    end
    when (p_done).action in ('cancel', 'reschedule') and (
      (p_row).status <> 'cancelled'
      or (p_row).cancel_reason <> case (p_done).action when 'cancel' then 'operator' else 'plan' end
    ) then 'it is ' || (p_row).status || ' for another reason since'
    when (p_done).action = 'release' and (p_row).send_at_utc <= p_now then 'its push may be going out'
    when (p_done).action = 'confirm_removals' and not exists (
      select 1 from private.held_changes as held where held.ledger_id = (p_row).id and held.confirmed_at is not null
    ) then 'it is carried out'
  end;
$$;

comment on function private.undo_refusal(public.schedule_ledger, public.operator_actions, timestamptz) is
  'Why an action cannot be undone; null if it can.';
revoke all on function private.undo_refusal(public.schedule_ledger, public.operator_actions, timestamptz) from public, anon, authenticated, service_role;
grant execute on function private.undo_refusal(public.schedule_ledger, public.operator_actions, timestamptz) to authenticated, service_role;
