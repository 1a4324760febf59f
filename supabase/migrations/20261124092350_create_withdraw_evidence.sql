-- Create private.withdraw_evidence: a ledger row is `sent` only as long as an event says so.
--
-- Its events may turn out to belong to another match: then the verdict goes with them.

create function private.withdraw_evidence(p_ledger_ids uuid[], p_function text, p_run_id uuid, p_now timestamptz)
returns void
language plpgsql
volatile
security invoker
set search_path = ''
as $$
begin
  perform 1
  from public.schedule_ledger as ledger
  where ledger.id = any (p_ledger_ids)
  order by ledger.id
  for no key update;

  with withdrawn as (
    update public.schedule_ledger as ledger
    set status = 'pending', sent_confirmed_at = null, sent_evidence = null, updated_at = p_now
    where ledger.id = any (p_ledger_ids)
      and ledger.status = 'sent'
      and ledger.sent_evidence in ('push', 'webhook')
      and not exists (
        select 1
        from public.notification_sends as event
        where event.ledger_id = ledger.id and event.generation = ledger.generation
          and event.confidence in ('high', 'medium')
          and (
            (event.channel = 'push' and event.event_type in ('send', 'open'))
            or (event.channel = 'webhook' and event.event_type = 'send')
          )
      )
    returning ledger.id, ledger.match_id, ledger.generation
  ),
  unseen as (
    update public.braze_schedules as schedule
    set first_event_at = null, updated_at = p_now
    from withdrawn
    where schedule.ledger_id = withdrawn.id and schedule.generation = withdrawn.generation
    returning schedule.ledger_id
  )
  insert into public.scheduler_logs (logged_at, function_name, action, reason, match_id, run_id, details)
  select
    p_now, p_function, 'sent_withdrawn', 'The events that proved it belong to another match', withdrawn.match_id,
    p_run_id, pg_catalog.jsonb_build_object('generation', withdrawn.generation)
  from withdrawn;
end;
$$;

comment on function private.withdraw_evidence(uuid[], text, uuid, timestamptz) is
  'Turns sent ledger rows that no event proves any more back to pending; logged as sent_withdrawn.';

revoke execute on function private.withdraw_evidence(uuid[], text, uuid, timestamptz) from public;
grant execute on function private.withdraw_evidence(uuid[], text, uuid, timestamptz) to service_role;
