-- A person, or the send gate, settles that a schedule is not in Braze, so that the scheduler makes the next generation.
--
-- Braze has no endpoint that reads a schedule. If it is there after all, a closed gate turns it away; else it would push
-- twice, so that is for a person to accept.

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
  v_schedule public.braze_schedules;
  v_is_known_absent boolean;
  v_refused text;
begin
  select * into v_row from public.schedule_ledger as ledger where ledger.match_id = p_match_id for no key update;
  select * into v_schedule
  from public.braze_schedules as schedule
  where schedule.ledger_id = v_row.id and schedule.generation = v_row.generation;
  v_is_known_absent := v_schedule.absent_at is not null or v_schedule.missed_at <= p_now - interval '4 minutes';
  v_refused := case
    when v_row.id is null then 'there is no ledger row of this match'
    when v_row.status = 'sent' then 'it is sent already'
    when v_row.status = 'cancelled' and v_row.cancel_reason <> 'dashboard' then 'its push is cancelled, and not in doubt'
    when v_schedule.braze_schedule_id is null then 'Braze never told the id of its schedule: use release_create'
    when v_schedule.state = 'deleted' and v_row.status = 'pending' then 'its schedule is deleted already'
    when exists (
      select 1
      from public.schedule_attempts as attempt
      where attempt.ledger_id = v_row.id and attempt.generation = v_row.generation and attempt.outcome is null
    ) then 'a call about its schedule is under way'
    when least(v_schedule.send_at_utc, v_schedule.moving_to_utc) < p_earliest_send_at then 'its push is due at '
      || pg_catalog.to_char(v_schedule.send_at_utc at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
      || ', which leaves no time to schedule another'
    when exists (
      select 1
      from private.listed_schedules as listed
      where listed.braze_schedule_id = v_schedule.braze_schedule_id and listed.shown_until is null
    ) and v_schedule.missed_at is null then 'the last list of Braze shows its schedule: delete it in Braze first'
    when not coalesce(v_is_known_absent, false) and not p_accept_double_push
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
        'status', v_row.status, 'cancel_reason', v_row.cancel_reason, 'state', v_schedule.state, 'doubt', v_schedule.doubt
      ),
      pg_catalog.jsonb_build_object('accept_double_push', p_accept_double_push),
      p_run_id
    );
    perform private.end_generation(v_row.id, v_row.generation, p_now);
  end if;
  return pg_catalog.jsonb_build_object('match_id', p_match_id, 'done', true, 'refused', null);
end;
$$;

comment on function public.declare_gone(bigint, text, text, uuid, boolean, timestamptz, boolean, timestamptz, text) is
  'A person has seen that Braze does not hold the schedule of a match: the next run of the scheduler makes the next generation. Returns {match_id, done, refused}. A dry run changes nothing.';
revoke all on function public.declare_gone(bigint, text, text, uuid, boolean, timestamptz, boolean, timestamptz, text) from public, anon, authenticated, service_role;
grant execute on function public.declare_gone(bigint, text, text, uuid, boolean, timestamptz, boolean, timestamptz, text) to service_role;
