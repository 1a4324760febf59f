-- Adopts a schedule in Braze's list whose create got no answer.

create function public.adopt_schedule(
  p_ledger_id uuid,
  p_generation integer,
  p_braze_schedule_id text,
  p_now timestamptz,
  p_send_at timestamptz default null,
  p_dispatch_id text default null
)
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
  set braze_schedule_id = p_braze_schedule_id,
    state = 'live',
    -- The time that Braze lists counts, not the requested one.
    send_at_utc = coalesce(p_send_at, schedule.send_at_utc),
    listed_at = p_now,
    missed_at = null,
    updated_at = p_now
  where schedule.ledger_id = p_ledger_id and schedule.generation = p_generation
    and schedule.braze_schedule_id is null and schedule.state in ('creating', 'unknown', 'failed')
    -- While its call is open, the answer decides.
    and not exists (
      select 1 from public.schedule_attempts as attempt
      where attempt.ledger_id = p_ledger_id and attempt.generation = p_generation and attempt.outcome is null
    )
    and not exists (
      select 1 from public.braze_schedules as other where other.braze_schedule_id = p_braze_schedule_id
    );
  if not found then
    return false;
  end if;

  update public.schedule_attempts as attempt
  set braze_schedule_id = p_braze_schedule_id,
    resolved_at = case attempt.outcome when 'unknown' then p_now end,
    resolved_as = case attempt.outcome when 'unknown' then 'adopted' end
  where attempt.ledger_id = p_ledger_id and attempt.generation = p_generation and attempt.kind = 'create'
    and attempt.resolved_at is null;

  -- The plan took its create for failed and cancelled the row. What is there is for the plan to decide about.
  update public.schedule_ledger as ledger
  set status = 'pending', cancel_reason = null, notes = null
  where ledger.id = p_ledger_id and ledger.generation = p_generation
    and ledger.status = 'cancelled' and ledger.cancel_reason = 'plan';
  -- Found, so it is created: if it was to replace another one, it has.
  perform private.make_current(p_ledger_id, p_generation, p_now);
  update public.schedule_ledger as ledger
  set braze_schedule_id = p_braze_schedule_id,
    dispatch_id = coalesce(ledger.dispatch_id, p_dispatch_id),
    send_at_utc = case ledger.status when 'pending' then coalesce(p_send_at, ledger.send_at_utc) else ledger.send_at_utc end,
    updated_at = p_now
  where ledger.id = p_ledger_id and ledger.generation = p_generation;

  perform private.register_identifiers(
    (
      select pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
        'kind', listed.kind, 'value', listed.value, 'ledger_id', p_ledger_id, 'generation', p_generation
      ))
      from (values ('schedule_id', p_braze_schedule_id), ('dispatch_id', p_dispatch_id)) as listed (kind, value)
      where listed.value is not null
    ),
    'create',
    p_now
  );
  return true;
end;
$$;

comment on function public.adopt_schedule(uuid, integer, text, timestamptz, timestamptz, text) is
  'Makes a generation without a schedule id live under the id that Braze lists; returns whether it did. Not while its create is under way.';
revoke all on function public.adopt_schedule(uuid, integer, text, timestamptz, timestamptz, text) from public, anon, authenticated, service_role;
grant execute on function public.adopt_schedule(uuid, integer, text, timestamptz, timestamptz, text) to service_role;
