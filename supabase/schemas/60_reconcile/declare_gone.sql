-- A person has looked: Braze does not hold the schedules of a match whose fate is not clear.
--
-- Nothing in Braze's API proves that. It settles those whose create or delete has no clear answer; where there is none, the
-- current one. The next run of the scheduler creates another, if the match needs one; if one of those that were declared gone
-- is sent all the same, that is reported. Whatever suggests that it is there makes the call a risk, which the caller has to
-- accept.

create function public.declare_gone(
  p_match_id bigint,
  p_reason text,
  p_actor_kind text,
  p_run_id uuid,
  p_dry_run boolean,
  p_earliest_send_at timestamptz,
  p_accept_double_push boolean,
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
  v_current public.braze_schedules;
  v_unclear jsonb;
  v_refused text;
begin
  select * into v_row from public.schedule_ledger as ledger
  where ledger.match_id = p_match_id and ledger.replaced_at is null for no key update;
  select * into v_current
  from public.braze_schedules as schedule
  where schedule.ledger_id = v_row.id and schedule.generation = v_row.generation;
  select pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
    'generation', schedule.generation, 'state', schedule.state, 'braze_schedule_id', schedule.braze_schedule_id
  ) order by schedule.generation)
  into v_unclear
  from public.braze_schedules as schedule
  where schedule.ledger_id = v_row.id and schedule.state in ('unknown', 'deleting');
  v_refused := case
    when v_row.id is null then 'there is no ledger row of this match'
    when exists (
      select 1 from public.schedule_attempts as attempt
      where attempt.ledger_id = v_row.id and attempt.outcome is null
    ) then 'a call to Braze about it is under way'
    when v_unclear is not null then case
      when p_accept_double_push then null
      when exists (
        select 1 from public.braze_schedules as schedule
        where schedule.ledger_id = v_row.id and schedule.state in ('unknown', 'deleting')
          and schedule.listed_at is not null and schedule.missed_at is null
          and schedule.listed_at > p_now - interval '15 minutes'
      ) then 'Braze listed it in the last 15 minutes (accept_double_push overrides this)'
      when exists (
        select 1 from public.braze_schedules as schedule
        where schedule.ledger_id = v_row.id and schedule.state in ('unknown', 'deleting')
          and least(schedule.send_at_utc, schedule.moving_to_utc) <= p_now
          and private.can_still_send(schedule.send_at_utc, schedule.moving_to_utc, p_now)
      ) then 'its time has come, so it may have been sent (accept_double_push overrides this)'
    end
    when v_row.status = 'sent' then 'it is sent already'
    when v_row.status = 'cancelled' and v_row.cancel_reason <> 'dashboard' then 'its push is cancelled, and not in doubt: reschedule makes another'
    when v_current.state in ('deleted', 'failed') and v_row.status = 'pending' then 'its schedule is deleted already, so the scheduler makes another'
    when least(v_current.send_at_utc, v_current.moving_to_utc) < p_earliest_send_at then 'its push is due at '
      || private.due_text(v_current.send_at_utc)
      || ', which leaves no time to schedule another'
    -- Whatever a person accepts: the next list would take it back.
    when v_current.missed_at is null and exists (
      select 1
      from private.listed_schedules as listed
      where listed.braze_schedule_id = v_current.braze_schedule_id and listed.shown_until is null
    ) then 'the last list of Braze shows its schedule: delete it in Braze first'
    when v_current.absent_at is null
      and (v_current.missed_at is null or v_current.missed_at > p_now - interval '4 minutes')
      and not p_accept_double_push
      then 'Braze may still hold its schedule: look in the dashboard, and repeat with accept_double_push'
  end;
  if v_refused is not null then
    return pg_catalog.jsonb_build_object('match_id', p_match_id, 'done', false, 'refused', v_refused);
  end if;

  if not p_dry_run then
    insert into public.operator_actions
      (acted_at, action, match_id, ledger_id, generation, actor_kind, actor_id, reason, before, details, run_id)
    values (
      p_now, 'declare_gone', p_match_id, v_row.id, v_row.generation, p_actor_kind, p_actor_id, p_reason,
      pg_catalog.jsonb_build_object(
        'status', v_row.status, 'cancel_reason', v_row.cancel_reason, 'doubt', v_current.doubt,
        'schedules', coalesce(v_unclear, pg_catalog.jsonb_build_array(pg_catalog.jsonb_build_object(
          'generation', v_current.generation, 'state', v_current.state, 'braze_schedule_id', v_current.braze_schedule_id
        )))
      ),
      pg_catalog.jsonb_build_object('accept_double_push', p_accept_double_push), p_run_id
    );
    if v_unclear is null then
      perform private.end_generation(v_row.id, v_row.generation, p_now);
      update public.braze_schedules as schedule
      set settled_at = p_now
      where schedule.ledger_id = v_row.id and schedule.generation = v_row.generation;
    else
      update public.schedule_attempts as attempt
      set resolved_at = p_now, resolved_as = 'released'
      where attempt.ledger_id = v_row.id and attempt.outcome = 'unknown' and attempt.resolved_at is null
        and attempt.generation in (
          select schedule.generation from public.braze_schedules as schedule
          where schedule.ledger_id = v_row.id and schedule.state in ('unknown', 'deleting')
        );
      update public.braze_schedules as schedule
      set state = 'deleted', settled_at = p_now, doubt = null, doubted_at = null, updated_at = p_now
      where schedule.ledger_id = v_row.id and schedule.state in ('unknown', 'deleting');
    end if;
  end if;
  return pg_catalog.jsonb_build_object('match_id', p_match_id, 'done', true, 'refused', null);
end;
$$;

comment on function public.declare_gone(bigint, text, text, uuid, boolean, timestamptz, boolean, timestamptz, text) is
  'A person has seen that Braze does not hold the schedules of a match: those without a clear answer, else the current one, count as deleted. Returns {match_id, done, refused}. A dry run changes nothing.';
revoke all on function public.declare_gone(bigint, text, text, uuid, boolean, timestamptz, boolean, timestamptz, text) from public, anon, authenticated, service_role;
grant execute on function public.declare_gone(bigint, text, text, uuid, boolean, timestamptz, boolean, timestamptz, text) to service_role;
