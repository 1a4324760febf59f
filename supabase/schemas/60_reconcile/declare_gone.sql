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
  p_freeze_seconds integer,
  p_accept_double_push boolean,
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
  v_current public.braze_schedules;
  v_unclear jsonb;
  v_refused text;
begin
  v_refused := private.begin_verb(p_match_id, 'declare_gone', p_now, p_accept_double_push, p_freeze_seconds);
  v_row := private.current_ledger(p_match_id);
  select * into v_current
  from public.braze_schedules as schedule
  where schedule.ledger_id = v_row.id and schedule.generation = v_row.generation;
  select pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
    'generation', schedule.generation, 'state', schedule.state, 'braze_schedule_id', schedule.braze_schedule_id
  ) order by schedule.generation)
  into v_unclear
  from public.braze_schedules as schedule
  where schedule.ledger_id = v_row.id and schedule.state in ('unknown', 'deleting');
  if v_refused is not null or p_dry_run then
    return private.answer_verb(p_match_id, v_refused);
  end if;

  perform private.note_action(
    'declare_gone', v_row, p_reason, p_actor_kind, p_actor_id,
    pg_catalog.jsonb_build_object(
      'status', v_row.status, 'cancel_reason', v_row.cancel_reason, 'doubt', v_current.doubt,
      'schedules', coalesce(v_unclear, pg_catalog.jsonb_build_array(pg_catalog.jsonb_build_object(
        'generation', v_current.generation, 'state', v_current.state, 'braze_schedule_id', v_current.braze_schedule_id
      )))
    ),
    pg_catalog.jsonb_build_object('accept_double_push', p_accept_double_push), p_run_id, p_now
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
  return private.answer_verb(p_match_id, null);
end;
$$;

comment on function public.declare_gone(bigint, text, text, uuid, boolean, integer, boolean, timestamptz, text) is
  'A person has seen that Braze does not hold the schedules of a match: those without a clear answer, else the current one, count as deleted. Returns {match_id, done, refused}. A dry run changes nothing.';
revoke all on function public.declare_gone(bigint, text, text, uuid, boolean, integer, boolean, timestamptz, text) from public, anon, authenticated, service_role;
grant execute on function public.declare_gone(bigint, text, text, uuid, boolean, integer, boolean, timestamptz, text) to service_role;
