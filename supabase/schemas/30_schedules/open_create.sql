-- The ledger and the journal record a create before Braze gets it.
--
-- The number of the schedule is given out here, before the call, so that a create whose answer is lost is distinct from its
-- successor. While an earlier schedule of the match may be live, no other is created: Braze would push twice. The exception is
-- a closed send gate, which lets exactly one of them pass. The earlier one then stays current until the create has succeeded.

create function public.open_create(
  p_attempt_id uuid,
  p_run_id uuid,
  p_lease_seconds integer,
  p_match_id bigint,
  p_request jsonb,
  p_signature text,
  p_send_at timestamptz,
  p_expected jsonb,
  p_reason text,
  p_now timestamptz,
  p_send_id text default null,
  p_gated boolean default false,
  p_beside_generation integer default null
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
  v_generation integer;
  v_send_id text;
  v_request jsonb;
  v_opened jsonb;
  v_is_new boolean;
begin
  select pg_catalog.jsonb_build_object(
    'attempt_id', attempt.id, 'ledger_id', attempt.ledger_id, 'generation', attempt.generation, 'request', attempt.request
  ) into v_opened
  from public.schedule_attempts as attempt
  where attempt.id = p_attempt_id;
  if v_opened is not null then
    return v_opened;
  end if;

  perform private.hold_lease(p_run_id, p_lease_seconds, p_now);

  insert into public.schedule_ledger (match_id, intent, campaign_id, generation, signature, send_at_utc, created_at, updated_at)
  select p_match_id, 1 + coalesce(max(earlier.intent), 0), p_request ->> 'campaign_id', 1, p_signature, p_send_at, p_now, p_now
  from public.schedule_ledger as earlier
  where earlier.match_id = p_match_id
  on conflict (match_id) where replaced_at is null do nothing;
  v_is_new := found;
  select * into strict v_row from public.schedule_ledger as ledger
  where ledger.match_id = p_match_id and ledger.replaced_at is null for no key update;
  if v_row.status <> 'pending' and v_row.cancel_reason is distinct from 'plan' then
    raise exception 'Cannot open a create: the ledger row of match % is neither pending nor cancelled by the plan', p_match_id
      using errcode = 'PT409', hint = 'not_reactivated';
  end if;
  if p_beside_generation is not null and (v_row.generation <> p_beside_generation or v_row.status <> 'pending') then
    raise exception 'Cannot open a create: generation % of match % must be the pending current one', p_beside_generation, p_match_id
      using errcode = 'PT409', hint = 'not_current';
  end if;
  if exists (
    select 1 from public.braze_schedules as earlier
    where earlier.ledger_id = v_row.id and private.can_be_live(earlier.state)
      and private.can_still_send(earlier.send_at_utc, earlier.moving_to_utc, p_now)
      -- The gate shuts out only a schedule that presents a token. One whose create is under way has no outcome yet.
      and not (p_beside_generation is not null and p_gated and earlier.gated and earlier.state <> 'creating')
  ) then
    raise exception 'Cannot open a create: an earlier schedule of match % may still be live', p_match_id
      using errcode = 'PT409', hint = 'earlier_generation_unresolved';
  end if;
  -- The earlier create no longer matters, and an unknown one would block this match for good.
  update public.schedule_attempts as attempt
  set resolved_at = p_now, resolved_as = 'released'
  where attempt.ledger_id = v_row.id and attempt.kind = 'create' and attempt.outcome = 'unknown'
    and attempt.resolved_at is null;
  if found and p_beside_generation is not null then
    insert into public.scheduler_logs (logged_at, function_name, action, reason, match_id, run_id, details)
    values (
      p_now, 'braze-scheduler', 'create_released', 'Nothing shows it, and the send gate turns it away', p_match_id,
      p_run_id, pg_catalog.jsonb_build_object('generation', p_beside_generation)
    );
  end if;

  v_generation := 1 + coalesce(
    (select max(known.generation) from public.braze_schedules as known where known.ledger_id = v_row.id),
    case when v_is_new then 0 else v_row.generation end
  );
  -- The match's own send id stays over its schedules. Braze knows a send id in the campaign that it was created for alone.
  v_send_id := case
    when v_row.campaign_id = p_request ->> 'campaign_id' and private.match_of_send_id(v_row.send_id) is not null
      then v_row.send_id
    else p_send_id
  end;
  if p_beside_generation is null then
    update public.schedule_ledger as ledger
    set generation = v_generation,
      campaign_id = p_request ->> 'campaign_id',
      signature = p_signature,
      send_at_utc = p_send_at,
      braze_schedule_id = null,
      dispatch_id = null,
      status = 'pending',
      cancel_reason = null,
      notes = null,
      preflight_at = null,
      preflight_result = null,
      expected_send_count = (p_expected ->> 'count')::integer,
      expected_send_count_min = (p_expected ->> 'min')::integer,
      expected_send_count_max = (p_expected ->> 'max')::integer,
      expected_source = p_expected ->> 'source',
      updated_at = p_now
    where ledger.id = v_row.id;
    -- Apart: a change of the generation drops a send id that Braze gave to the one before.
    update public.schedule_ledger as ledger set send_id = v_send_id where ledger.id = v_row.id;
  end if;

  -- These properties come back in events: Braze's own ids alone are not reliable.
  v_request := p_request || pg_catalog.jsonb_build_object(
    'trigger_properties',
    (p_request -> 'trigger_properties') || pg_catalog.jsonb_build_object(
      'match_id', v_row.match_id::text, 'ledger_id', v_row.id, 'generation', v_generation,
      -- After the restore of a backup, generations are given out again.
      'attempt_id', p_attempt_id
    )
  );
  if v_send_id is not null then
    v_request := v_request || pg_catalog.jsonb_build_object('send_id', v_send_id);
  end if;

  insert into public.braze_schedules
    (ledger_id, generation, campaign_id, send_at_utc, state, signature, expected, gated, created_at, updated_at)
  values (
    v_row.id, v_generation, p_request ->> 'campaign_id', p_send_at, 'creating', p_signature, p_expected, p_gated, p_now, p_now
  );

  insert into public.schedule_attempts
    (id, run_id, kind, reason, match_id, ledger_id, generation, request, opened_at)
  values (p_attempt_id, p_run_id, 'create', p_reason, p_match_id, v_row.id, v_generation, v_request, p_now);

  return pg_catalog.jsonb_build_object(
    'attempt_id', p_attempt_id, 'ledger_id', v_row.id, 'generation', v_generation, 'request', v_request
  );
end;
$$;

comment on function public.open_create(uuid, uuid, integer, bigint, jsonb, text, timestamptz, jsonb, text, timestamptz, text, boolean, integer) is
  'Journals a create of the next generation and returns the exact request to send. p_gated: it presents a token to the send gate. p_beside_generation: behind a closed gate, the pending current generation, which it replaces once it is created. Raises PT409: lease_lost, not_reactivated, not_current, earlier_generation_unresolved.';
revoke all on function public.open_create(uuid, uuid, integer, bigint, jsonb, text, timestamptz, jsonb, text, timestamptz, text, boolean, integer) from public, anon, authenticated, service_role;
grant execute on function public.open_create(uuid, uuid, integer, bigint, jsonb, text, timestamptz, jsonb, text, timestamptz, text, boolean, integer) to service_role;
