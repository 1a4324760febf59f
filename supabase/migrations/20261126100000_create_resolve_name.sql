-- Create private.resolve_name: what an event names outright, where there is nothing to weigh.
--
-- The policy is the correlation module's alone. It says in which order names count; here they are looked up, and
-- whatever would need judgement (two matches named, a schedule that cannot be told, a name that is nobody's) is left to it.
-- One look-up after the other: a single statement for all of them takes longer to set up than to carry out.

create type private.resolved_name as (
  method text,
  ledger_id uuid,
  match_id bigint,
  generation integer,
  send_at_utc timestamptz,
  -- Whether it is news that the schedule went out, and what else it names.
  proves_something boolean,
  teaches_something boolean
);

create function private.resolve_name(p_name jsonb)
returns private.resolved_name
language plpgsql
stable
security invoker
set search_path = ''
as $$
declare
  v_claims jsonb := p_name -> 'claims';
  v_method text;
  v_value text;
  v_found uuid;
  v_generation integer;
  v_is_ambiguous boolean;
  v_generations integer[] := array[]::integer[];
  v_ledger record;
  v_schedule record;
  v_resolved private.resolved_name;
begin
  v_resolved.teaches_something := false;
  for i in 0 .. pg_catalog.jsonb_array_length(v_claims) - 1 loop
    v_method := v_claims -> i ->> 0;
    v_value := v_claims -> i ->> 1;
    v_found := null;
    v_generation := null;
    if v_method = 'ledger_id' then
      select ledger.id into v_found from public.schedule_ledger as ledger where ledger.id = v_value::uuid;
    elsif v_method = 'match_id' then
      select ledger.id into v_found from public.schedule_ledger as ledger where ledger.match_id = v_value::bigint;
    else
      select identifier.ledger_id, identifier.generation, identifier.ambiguous
      into v_found, v_generation, v_is_ambiguous
      from public.schedule_identifiers as identifier
      where identifier.kind = v_method and identifier.value = v_value;
      v_resolved.teaches_something := v_resolved.teaches_something or v_found is null;
      if v_is_ambiguous then
        v_found := null;
      elsif v_generation is not null then
        v_generations := v_generations || v_generation;
      end if;
    end if;
    continue when v_found is null;

    if v_resolved.ledger_id is null then
      v_resolved.ledger_id := v_found;
      v_resolved.method := v_method;
      v_resolved.generation := v_generation;
    elsif v_resolved.ledger_id <> v_found then
      return null;
    end if;
  end loop;

  if v_resolved.ledger_id is null
    -- A ledger row that was echoed and is none of ours: what came with it needs a closer look.
    or (v_claims -> 0 ->> 0 = 'ledger_id' and v_resolved.method <> 'ledger_id')
    -- A dispatch id may be lent: it counts by itself alone.
    or (v_resolved.method = 'dispatch_id' and pg_catalog.jsonb_array_length(v_claims) > 1)
  then
    return null;
  end if;
  select ledger.match_id, ledger.send_id, ledger.generation, ledger.status, ledger.sent_evidence
  into v_ledger
  from public.schedule_ledger as ledger
  where ledger.id = v_resolved.ledger_id;
  v_resolved.match_id := v_ledger.match_id;

  if v_resolved.method in ('ledger_id', 'match_id') then
    v_resolved.generation := (p_name ->> 'generation')::integer;
  elsif v_ledger.send_id <> p_name ->> 'send_id' then
    -- With another send id than the match's own it may be another's.
    return null;
  end if;

  if v_resolved.generation is not null then
    select schedule.send_at_utc, schedule.first_event_at into v_schedule
    from public.braze_schedules as schedule
    where schedule.ledger_id = v_resolved.ledger_id and schedule.generation = v_resolved.generation
      and schedule.state <> 'failed';
    if not found then
      return null;
    end if;
  else
    select
      min(schedule.generation) as generation, min(schedule.send_at_utc) as send_at_utc,
      min(schedule.first_event_at) as first_event_at, min(schedule.campaign_id) as campaign_id, count(*) as schedules
    into v_schedule
    from public.braze_schedules as schedule
    where schedule.ledger_id = v_resolved.ledger_id and schedule.state <> 'failed';
    if v_schedule.schedules <> 1
      or v_schedule.campaign_id <> p_name ->> 'campaign_id'
      -- Sent before its time: by another schedule for the same match.
      or v_schedule.send_at_utc > (p_name ->> 'due_by')::timestamptz
    then
      return null;
    end if;
    v_resolved.generation := v_schedule.generation;
  end if;
  v_resolved.send_at_utc := v_schedule.send_at_utc;

  v_resolved.proves_something := v_schedule.first_event_at is null
    or (
      v_ledger.generation = v_resolved.generation
      and (v_ledger.status <> 'sent' or v_ledger.sent_evidence is not distinct from 'webhook')
    );
  v_resolved.teaches_something := v_resolved.teaches_something or v_resolved.generation <> any (v_generations);
  return v_resolved;
end;
$$;

comment on function private.resolve_name(jsonb) is
  'Of {claims: [[method, value], …] strongest first, generation, send_id, campaign_id, due_by} the one ledger row and schedule that are named; null where that needs judgement.';

revoke execute on function private.resolve_name(jsonb) from public;
grant execute on function private.resolve_name(jsonb) to service_role;
