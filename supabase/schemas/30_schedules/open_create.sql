-- The ledger and the journal record a create before Braze gets it.
--
-- The generation goes up here, before the call, so that a create whose answer is lost is distinct from its successor.

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
  p_send_id text default null
)
returns jsonb
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  v_row public.schedule_ledger;
  v_request jsonb;
  v_opened jsonb;
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

  insert into public.schedule_ledger as ledger
    (match_id, campaign_id, generation, signature, send_at_utc, created_at, updated_at)
  values (p_match_id, p_request ->> 'campaign_id', 1, p_signature, p_send_at, p_now, p_now)
  on conflict (match_id) do update
  set generation = ledger.generation + 1,
    campaign_id = excluded.campaign_id,
    signature = excluded.signature,
    send_at_utc = excluded.send_at_utc,
    braze_schedule_id = null,
    dispatch_id = null,
    status = 'pending',
    cancel_reason = null,
    notes = null,
    preflight_at = null,
    preflight_result = null,
    updated_at = excluded.updated_at
  where ledger.status = 'pending' or ledger.cancel_reason = 'plan'
  returning * into v_row;
  if v_row.id is null then
    raise exception 'Cannot open a create: the ledger row of match % is neither pending nor cancelled by the plan', p_match_id
      using errcode = 'PT409', hint = 'not_reactivated';
  end if;
  if exists (
    select 1 from public.braze_schedules as earlier
    where earlier.ledger_id = v_row.id and private.can_be_live(earlier.state)
      and private.can_still_send(earlier.send_at_utc, earlier.moving_to_utc, p_now)
  ) then
    raise exception 'Cannot open a create: an earlier schedule of match % may still be live', p_match_id
      using errcode = 'PT409', hint = 'earlier_generation_unresolved';
  end if;
  -- The earlier create no longer matters, and an unknown one would block this match for good.
  update public.schedule_attempts as attempt
  set resolved_at = p_now, resolved_as = 'released'
  where attempt.ledger_id = v_row.id and attempt.kind = 'create' and attempt.outcome = 'unknown'
    and attempt.resolved_at is null;

  update public.schedule_ledger as ledger
  set send_id = coalesce(ledger.send_id, p_send_id),
    expected_send_count = (p_expected ->> 'count')::integer,
    expected_send_count_min = (p_expected ->> 'min')::integer,
    expected_send_count_max = (p_expected ->> 'max')::integer,
    expected_source = p_expected ->> 'source'
  where ledger.id = v_row.id
  returning * into v_row;

  -- These properties come back in events: Braze's own ids alone are not reliable.
  v_request := p_request || pg_catalog.jsonb_build_object(
    'trigger_properties',
    (p_request -> 'trigger_properties') || pg_catalog.jsonb_build_object(
      'match_id', v_row.match_id::text, 'ledger_id', v_row.id, 'generation', v_row.generation,
      -- After the restore of a backup, generations are given out again.
      'attempt_id', p_attempt_id
    )
  );
  if v_row.send_id is not null then
    v_request := v_request || pg_catalog.jsonb_build_object('send_id', v_row.send_id);
  end if;

  insert into public.braze_schedules
    (ledger_id, generation, campaign_id, send_at_utc, state, created_at, updated_at)
  values (v_row.id, v_row.generation, v_row.campaign_id, p_send_at, 'creating', p_now, p_now);

  insert into public.schedule_attempts
    (id, run_id, kind, reason, match_id, ledger_id, generation, request, opened_at)
  values (p_attempt_id, p_run_id, 'create', p_reason, p_match_id, v_row.id, v_row.generation, v_request, p_now);

  return pg_catalog.jsonb_build_object(
    'attempt_id', p_attempt_id, 'ledger_id', v_row.id, 'generation', v_row.generation, 'request', v_request
  );
end;
$$;

comment on function public.open_create(uuid, uuid, integer, bigint, jsonb, text, timestamptz, jsonb, text, timestamptz, text) is
  'Journals a create of the next generation and returns the exact request to send. Raises PT409: lease_lost, not_reactivated, earlier_generation_unresolved.';
revoke all on function public.open_create(uuid, uuid, integer, bigint, jsonb, text, timestamptz, jsonb, text, timestamptz, text) from public, anon, authenticated, service_role;
grant execute on function public.open_create(uuid, uuid, integer, bigint, jsonb, text, timestamptz, jsonb, text, timestamptz, text) to service_role;
