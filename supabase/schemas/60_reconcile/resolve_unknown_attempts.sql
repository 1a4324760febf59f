-- Resolves calls with an unknown outcome once a list or an event shows it.
--
-- The decision was made some moments ago: a schedule that another call is changing is left to the answer of that call.

create function private.resolve_unknown_attempt(p_attempt_id uuid, p_resolved_as text, p_effect text, p_now timestamptz)
returns boolean
language plpgsql
volatile
security invoker
set search_path = ''
set jit = off
as $$
declare
  v_attempt public.schedule_attempts;
begin
  select * into strict v_attempt from public.schedule_attempts as attempt where attempt.id = p_attempt_id;
  perform 1 from public.schedule_ledger as ledger where ledger.id = v_attempt.ledger_id for no key update;
  if p_effect = 'missed' then
    update public.schedule_attempts as attempt
    set missed_at = coalesce(attempt.missed_at, p_now)
    where attempt.id = p_attempt_id and attempt.resolved_at is null;
    return false;
  end if;
  update public.schedule_attempts as attempt
  set resolved_at = p_now, resolved_as = p_resolved_as
  where attempt.id = p_attempt_id and attempt.outcome = 'unknown' and attempt.resolved_at is null
    and not exists (
      select 1 from public.schedule_attempts as open
      where open.outcome is null
        and open.ledger_id = v_attempt.ledger_id and open.generation = v_attempt.generation
    );
  if not found then
    return false;
  end if;

  if p_effect in ('moved', 'not_moved') then
    update public.braze_schedules as schedule
    set send_at_utc = case p_effect when 'moved' then schedule.moving_to_utc else schedule.send_at_utc end,
      moving_to_utc = null,
      updated_at = p_now
    where schedule.ledger_id = v_attempt.ledger_id and schedule.generation = v_attempt.generation
      and schedule.moving_to_utc = (v_attempt.request #>> '{schedule,time}')::timestamptz;
    if found and p_effect = 'moved' then
      update public.schedule_ledger as ledger
      set send_at_utc = (v_attempt.request #>> '{schedule,time}')::timestamptz, updated_at = p_now
      where ledger.id = v_attempt.ledger_id and ledger.generation = v_attempt.generation and ledger.status = 'pending';
    end if;
  end if;
  return true;
end;
$$;

comment on function private.resolve_unknown_attempt(uuid, text, text, timestamptz) is
  'Resolves one unknown attempt and completes or reverts its move; effect missed only records that a listing lacked its schedule.';
revoke all on function private.resolve_unknown_attempt(uuid, text, text, timestamptz) from public, anon, authenticated, service_role;
grant execute on function private.resolve_unknown_attempt(uuid, text, text, timestamptz) to service_role;

create function private.resolve_unconfirmed_schedule(p_ledger_id uuid, p_generation integer, p_effect text, p_now timestamptz)
returns boolean
language plpgsql
volatile
security invoker
set search_path = ''
set jit = off
as $$
begin
  perform 1 from public.schedule_ledger as ledger where ledger.id = p_ledger_id for no key update;
  update public.braze_schedules as schedule
  set state = case p_effect when 'live' then 'live' when 'deleted' then 'deleted' else schedule.state end,
    listed_at = case p_effect when 'live' then p_now else schedule.listed_at end,
    missed_at = case p_effect when 'missed' then coalesce(schedule.missed_at, p_now) end,
    updated_at = case p_effect when 'missed' then schedule.updated_at else p_now end
  where schedule.ledger_id = p_ledger_id and schedule.generation = p_generation
    and schedule.state in ('deleting', 'unknown') and schedule.braze_schedule_id is not null
    and not exists (
      select 1 from public.schedule_attempts as open
      where open.ledger_id = p_ledger_id and open.generation = p_generation and open.outcome is null
    );
  return found;
end;
$$;

comment on function private.resolve_unconfirmed_schedule(uuid, integer, text, timestamptz) is
  'Records that a schedule with an unconfirmed delete is live, deleted, or missing from a listing for the first time; false when a call is open or it is resolved.';
revoke all on function private.resolve_unconfirmed_schedule(uuid, integer, text, timestamptz) from public, anon, authenticated, service_role;
grant execute on function private.resolve_unconfirmed_schedule(uuid, integer, text, timestamptz) to service_role;

create function public.resolve_unknown_attempts(p_schedules jsonb, p_attempts jsonb, p_now timestamptz)
returns jsonb
language plpgsql
volatile
security invoker
set search_path = ''
set jit = off
as $$
declare
  v_told record;
  v_schedules integer := 0;
  v_attempts jsonb := jsonb '[]';
begin
  -- In one order over both lists, as every writer takes its ledger rows.
  perform 1
  from public.schedule_ledger as ledger
  where ledger.id in (
    select told.ledger_id from pg_catalog.jsonb_to_recordset(p_schedules) as told (ledger_id uuid)
    union
    select attempt.ledger_id
    from pg_catalog.jsonb_to_recordset(p_attempts) as told (attempt_id uuid)
    join public.schedule_attempts as attempt on attempt.id = told.attempt_id
  )
  order by ledger.id
  for no key update;

  for v_told in
    select * from pg_catalog.jsonb_to_recordset(p_schedules) as told (ledger_id uuid, generation integer, effect text)
  loop
    if private.resolve_unconfirmed_schedule(v_told.ledger_id, v_told.generation, v_told.effect, p_now) and v_told.effect <> 'missed' then
      v_schedules := v_schedules + 1;
    end if;
  end loop;
  for v_told in
    select * from pg_catalog.jsonb_to_recordset(p_attempts) as told (attempt_id uuid, resolved_as text, effect text)
  loop
    if private.resolve_unknown_attempt(v_told.attempt_id, v_told.resolved_as, v_told.effect, p_now) then
      v_attempts := v_attempts || pg_catalog.to_jsonb(v_told.attempt_id);
    end if;
  end loop;
  return pg_catalog.jsonb_build_object('schedules', v_schedules, 'attempt_ids', v_attempts);
end;
$$;

comment on function public.resolve_unknown_attempts(jsonb, jsonb, timestamptz) is
  'Takes [{ledger_id, generation, effect: live | deleted | missed}] and [{attempt_id, resolved_as, effect: moved | not_moved | missed | null}]; returns how many schedules and which attempts were resolved.';
revoke all on function public.resolve_unknown_attempts(jsonb, jsonb, timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.resolve_unknown_attempts(jsonb, jsonb, timestamptz) to service_role;
