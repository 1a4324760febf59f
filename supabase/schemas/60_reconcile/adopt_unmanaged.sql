-- A person makes a schedule that the suite did not create the schedule of its match.
--
-- From then on it is moved, cancelled, replaced and looked for as if the suite had made it. No call to Braze is needed, so
-- nothing is journalled; the plan compares it with what the match wants now.

create function public.adopt_unmanaged(
  p_braze_schedule_id text,
  p_match_id bigint,
  p_signature text,
  p_expected jsonb,
  p_reason text,
  p_actor_kind text,
  p_run_id uuid,
  p_dry_run boolean,
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
  v_listed record;
  v_known public.braze_schedules;
  v_row public.schedule_ledger;
  v_match public.matches;
  v_generation integer;
  v_refused text;
begin
  select * into v_row from public.schedule_ledger as ledger
  where ledger.match_id = p_match_id and ledger.replaced_at is null
  for no key update;
  select * into v_match from public.matches as match where match.id = p_match_id;
  select listed.campaign_id, listed.send_at_utc, listed.dispatch_id, listed.send_id, echo.match_id, echo.ledger_id, echo.generation
  into v_listed
  from private.listed_schedules as listed
  cross join lateral private.echo_of_properties(listed.trigger_properties) as echo
  where listed.braze_schedule_id = p_braze_schedule_id and listed.shown_until is null;
  select * into v_known from public.braze_schedules as known where known.braze_schedule_id = p_braze_schedule_id;
  v_refused := case
    when v_match.id is null then 'there is no such match in matches'
    when v_listed.campaign_id is null then 'the last list of Braze does not show it'
    when v_known.ledger_id is not null then 'it is schedule ' || v_known.generation || ' of match '
      || (select ledger.match_id from public.schedule_ledger as ledger where ledger.id = v_known.ledger_id) || ' already'
    when v_listed.match_id <> p_match_id then 'its properties name match ' || v_listed.match_id
    when v_listed.send_at_utc is null then 'Braze names no time for it'
    when v_listed.send_at_utc <= p_now then 'its time has come'
    when v_match.status <> 'scheduled' or not v_match.push then 'no push of the match is wanted'
    when v_row.status = 'sent' then 'the push of the match was sent'
    when exists (
      select 1
      from public.braze_schedules as own
      where own.ledger_id = v_row.id and private.can_be_live(own.state)
        and private.can_still_send(own.send_at_utc, own.moving_to_utc, p_now)
    ) then 'the suite has or may have a schedule of the match itself: delete one of the two'
  end;
  if v_refused is null and not p_dry_run then
    if v_row.id is null then
      insert into public.schedule_ledger (match_id, intent, campaign_id, generation, signature, send_at_utc, created_at, updated_at)
      select
        p_match_id, 1 + coalesce(max(earlier.intent), 0), v_listed.campaign_id, 1, p_signature, v_listed.send_at_utc, p_now, p_now
      from public.schedule_ledger as earlier
      where earlier.match_id = p_match_id
      on conflict (match_id) where replaced_at is null do nothing
      returning * into v_row;
      v_generation := 1;
    else
      v_generation := 1 + greatest(v_row.generation, (
        select max(known.generation) from public.braze_schedules as known where known.ledger_id = v_row.id
      ));
    end if;
    -- The scheduler was faster.
    if v_row.id is null then
      v_refused := 'the scheduler is about to schedule the match: look again in a minute';
    end if;
  end if;
  if v_refused is not null or p_dry_run then
    return pg_catalog.jsonb_build_object(
      'schedule_id', p_braze_schedule_id, 'match_id', p_match_id, 'done', v_refused is null, 'refused', v_refused
    );
  end if;

  insert into public.operator_actions
    (acted_at, action, match_id, ledger_id, generation, actor_kind, actor_id, reason, before, details, run_id)
  values (
    p_now, 'adopt_schedule', p_match_id, v_row.id, v_generation, p_actor_kind, p_actor_id, p_reason,
    pg_catalog.jsonb_build_object(
      'status', v_row.status, 'cancel_reason', v_row.cancel_reason, 'generation', v_row.generation
    ),
    pg_catalog.jsonb_build_object('schedule_id', p_braze_schedule_id, 'send_at', v_listed.send_at_utc), p_run_id
  );
  insert into public.braze_schedules (
    ledger_id, generation, campaign_id, braze_schedule_id, send_at_utc, state, signature, expected, adopted_at, listed_at,
    created_at, updated_at
  )
  values (
    v_row.id, v_generation, v_listed.campaign_id, p_braze_schedule_id, v_listed.send_at_utc, 'live', p_signature, p_expected,
    p_now, p_now, p_now, p_now
  );
  update public.schedule_ledger as ledger
  set generation = v_generation,
    campaign_id = v_listed.campaign_id,
    signature = p_signature,
    send_at_utc = v_listed.send_at_utc,
    braze_schedule_id = p_braze_schedule_id,
    dispatch_id = v_listed.dispatch_id,
    status = 'pending',
    cancel_reason = null,
    notes = 'Adopted by ' || coalesce('operator ' || p_actor_id, 'a holder of the secret key') || ': ' || p_reason,
    preflight_at = null,
    preflight_result = null,
    expected_send_count = (p_expected ->> 'count')::integer,
    expected_send_count_min = (p_expected ->> 'min')::integer,
    expected_send_count_max = (p_expected ->> 'max')::integer,
    expected_source = p_expected ->> 'source',
    updated_at = p_now
  where ledger.id = v_row.id;
  -- From now on it is ours, and told where it is in the list although it is deleted.
  update private.unmanaged_schedules as unmanaged
  set kept_at = null
  where unmanaged.braze_schedule_id = p_braze_schedule_id;
  -- Apart: a change of the generation drops a send id that Braze gave to the one before.
  update public.schedule_ledger as ledger
  set send_id = v_listed.send_id
  where ledger.id = v_row.id
    and coalesce(private.match_of_send_id(v_listed.send_id), p_match_id) = p_match_id;
  perform private.register_identifiers(
    (
      select pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
        'kind', told.kind, 'value', told.value, 'ledger_id', v_row.id, 'generation', v_generation
      ))
      from (values ('schedule_id', p_braze_schedule_id), ('dispatch_id', v_listed.dispatch_id)) as told (kind, value)
      where told.value is not null
    ),
    'create',
    p_now
  );
  return pg_catalog.jsonb_build_object(
    'schedule_id', p_braze_schedule_id, 'match_id', p_match_id, 'done', true, 'refused', null
  );
end;
$$;

comment on function public.adopt_unmanaged(text, bigint, text, jsonb, text, text, uuid, boolean, timestamptz, text) is
  'Makes a listed schedule that is not ours the current one of a match that has none; p_signature and p_expected: what the match wants now. Returns {schedule_id, match_id, done, refused}. A dry run changes nothing.';
revoke all on function public.adopt_unmanaged(text, bigint, text, jsonb, text, text, uuid, boolean, timestamptz, text) from public, anon, authenticated, service_role;
grant execute on function public.adopt_unmanaged(text, bigint, text, jsonb, text, text, uuid, boolean, timestamptz, text) to service_role;
