-- The facts by which the send gate decides: five look-ups by primary key.

create function public.load_gate_facts(p_ledger_id uuid, p_generation integer, p_attempt_id uuid)
returns jsonb
language sql
stable
security invoker
set search_path = ''
set jit = off
as $$
  select pg_catalog.jsonb_build_object(
    -- The push of a match that is to be pushed again has gone out.
    'generation', case when ledger.replaced_at is null then ledger.generation end,
    'status', ledger.status,
    'cancel_reason', ledger.cancel_reason,
    'match_status', match.status,
    'push', match.push,
    -- Asked only of a match that is off: it counts the others.
    'removal_held', case
      when match.status = 'scheduled' and match.push then false
      else private.is_removal_held(ledger.id)
    end,
    'kickoff_at', match.kickoff_at,
    'is_held', exists (
      select 1 from private.schedule_holds as hold where hold.ledger_id = ledger.id and hold.released_at is null
    ),
    'state', schedule.state,
    'send_at', greatest(schedule.send_at_utc, schedule.moving_to_utc)
  )
  from public.schedule_ledger as ledger
  join public.matches as match on match.id = ledger.match_id
  left join public.braze_schedules as schedule
    on schedule.ledger_id = ledger.id and schedule.generation = p_generation
    -- After the restore of a backup, generations are given out again.
    and exists (
      select 1
      from public.schedule_attempts as attempt
      where attempt.id = p_attempt_id and attempt.kind = 'create'
        and attempt.ledger_id = p_ledger_id and attempt.generation = p_generation
    )
  where ledger.id = p_ledger_id;
$$;

comment on function public.load_gate_facts(uuid, integer, uuid) is
  'Of a ledger row {generation (null: a later intent replaced it), status, cancel_reason, match_status, push, removal_held, kickoff_at, is_held}, and state and send_at of one generation (null where there is none, or where the journal lacks the create); null without a row.';
revoke all on function public.load_gate_facts(uuid, integer, uuid) from public, anon, authenticated, service_role;
grant execute on function public.load_gate_facts(uuid, integer, uuid) to service_role;
