-- Carries the outcome of a call to Braze into the ledger and its generations.
--
-- An earlier move whose outcome is unknown stays in the row: a move that Braze refuses leaves the schedule where the earlier
-- one may have put it.

create function private.apply_outcome(p_attempt_id uuid, p_outcome text, p_result jsonb, p_now timestamptz)
returns void
language plpgsql
volatile
security invoker
set search_path = ''
set jit = off
as $$
declare
  v_attempt public.schedule_attempts;
  v_schedule_id text := p_result #>> '{answer,schedule_id}';
  v_state text;
begin
  update public.schedule_attempts as attempt
  set outcome = p_outcome,
    closed_at = p_now,
    http_status = (p_result ->> 'http_status')::integer,
    detail = p_result ->> 'detail',
    response = p_result -> 'answer',
    braze_schedule_id = coalesce(attempt.braze_schedule_id, v_schedule_id)
  where attempt.id = p_attempt_id
  returning * into strict v_attempt;

  if v_attempt.kind = 'create' then
    update public.braze_schedules as schedule
    set state = case
        -- Its events may have come before the answer.
        when schedule.state = 'completed' then 'completed'
        when p_outcome = 'succeeded' then 'live'
        else p_outcome
      end,
      state_before_proof = case
        when schedule.state_before_proof is null then null
        when p_outcome = 'succeeded' then 'live'
        else p_outcome
      end,
      braze_schedule_id = v_schedule_id,
      updated_at = p_now
    where schedule.ledger_id = v_attempt.ledger_id and schedule.generation = v_attempt.generation
    returning schedule.state into v_state;
    if v_state = 'completed' and p_outcome = 'unknown' then
      update public.schedule_attempts as attempt
      set resolved_at = p_now, resolved_as = 'proved_by_events'
      where attempt.id = p_attempt_id;
    end if;
    -- While nothing of the match is certainly in Braze, its newest schedule counts.
    if p_outcome = 'succeeded' or (
      p_outcome = 'unknown' and not exists (
        select 1
        from public.schedule_ledger as ledger
        join public.braze_schedules as current using (generation)
        where ledger.id = v_attempt.ledger_id and current.ledger_id = ledger.id
          and private.can_be_live(current.state) and private.is_created(ledger.id, ledger.generation)
      )
    ) then
      perform private.make_current(v_attempt.ledger_id, v_attempt.generation, p_now);
    end if;
    if p_outcome = 'succeeded' then
      update public.schedule_ledger as ledger
      set braze_schedule_id = v_schedule_id,
        dispatch_id = coalesce(ledger.dispatch_id, p_result #>> '{answer,dispatch_id}'),
        updated_at = p_now
      where ledger.id = v_attempt.ledger_id and ledger.generation = v_attempt.generation;
    end if;
    -- An answer that names a schedule teaches its id, even if it does not say that the schedule was made.
    if p_outcome = 'succeeded' or v_schedule_id is not null then
      perform private.register_identifiers(
        (
          select pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
            'kind', told.kind, 'value', told.value, 'ledger_id', v_attempt.ledger_id, 'generation', told.generation
          ))
          from (
            values
              ('schedule_id', v_schedule_id, v_attempt.generation),
              ('dispatch_id', p_result #>> '{answer,dispatch_id}', v_attempt.generation)
          ) as told (kind, value, generation)
          where told.value is not null
        ),
        'create',
        p_now
      );
    end if;
  elsif v_attempt.kind = 'update' then
    update public.braze_schedules as schedule
    set send_at_utc = case p_outcome when 'succeeded' then schedule.moving_to_utc else schedule.send_at_utc end,
      -- After an unknown outcome the send may happen at either time, so both are kept; a refusal proves nothing about an
      -- earlier move whose answer was lost.
      moving_to_utc = case p_outcome
        when 'unknown' then schedule.moving_to_utc
        when 'failed' then (
          select (earlier.request #>> '{schedule,time}')::timestamptz
          from public.schedule_attempts as earlier
          where earlier.ledger_id = v_attempt.ledger_id and earlier.generation = v_attempt.generation
            and earlier.kind = 'update' and earlier.outcome = 'unknown' and earlier.opened_at < v_attempt.opened_at
            and not exists (
              select 1
              from public.schedule_attempts as later
              where later.ledger_id = earlier.ledger_id and later.generation = earlier.generation
                and later.kind = 'update' and later.outcome = 'succeeded' and later.opened_at > earlier.opened_at
            )
            -- A later list has resolved it.
            and (earlier.resolved_as is null or earlier.resolved_as = 'superseded')
          order by earlier.opened_at desc
          limit 1
        )
      end,
      updated_at = p_now
    where schedule.ledger_id = v_attempt.ledger_id and schedule.generation = v_attempt.generation
      and schedule.moving_to_utc is not null;
    if p_outcome = 'succeeded' then
      update public.schedule_ledger as ledger
      set send_at_utc = (v_attempt.request #>> '{schedule,time}')::timestamptz, updated_at = p_now
      where ledger.id = v_attempt.ledger_id and ledger.generation = v_attempt.generation
        and ledger.status = 'pending';
    end if;
  elsif v_attempt.kind = 'delete' then
    update public.braze_schedules as schedule
    set state = case
        when schedule.state <> 'deleting' then schedule.state
        when p_outcome = 'succeeded' then 'deleted'
        -- Braze does not know the schedule: it is gone, or this key cannot see it. Neither is proved.
        when (p_result ->> 'refused')::boolean then 'unknown'
        -- Not answered or not carried out: the next run tries again.
        else 'deleting'
      end,
      state_before_proof = case
        when schedule.state_before_proof = 'deleting' and p_outcome = 'succeeded' then 'deleted'
        when schedule.state_before_proof = 'deleting' and (p_result ->> 'refused')::boolean then 'unknown'
        else schedule.state_before_proof
      end,
      updated_at = p_now
    where schedule.ledger_id = v_attempt.ledger_id and schedule.generation = v_attempt.generation;
  end if;
end;
$$;

comment on function private.apply_outcome(uuid, text, jsonb, timestamptz) is
  'Closes one open attempt and carries its outcome into braze_schedules and schedule_ledger.';
revoke all on function private.apply_outcome(uuid, text, jsonb, timestamptz) from public, anon, authenticated, service_role;
grant execute on function private.apply_outcome(uuid, text, jsonb, timestamptz) to service_role;
