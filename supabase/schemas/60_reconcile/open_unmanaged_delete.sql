-- Journals the delete of a schedule that the ledger does not own.
--
-- The decision was made from a list and the ledger some moments ago. Under the lock of the row this function refuses to
-- delete the schedule by which a match is to be pushed. Without a person it deletes only what is proved to be second. Texts from outside go into the detail of an error and not into its
-- message: PostgREST turns the message into a HTTP status line, where a line break would go on as a header.

create function public.open_unmanaged_delete(
  p_attempt_id uuid,
  p_run_id uuid,
  p_lease_seconds integer,
  p_braze_schedule_id text,
  p_request jsonb,
  p_reason text,
  p_now timestamptz,
  p_match_id bigint default null,
  p_ledger_id uuid default null,
  p_generation integer default null
)
returns jsonb
language plpgsql
volatile
security invoker
set search_path = ''
set jit = off
as $$
declare
  v_known public.braze_schedules;
  v_match_id bigint;
begin
  if exists (select 1 from public.schedule_attempts as attempt where attempt.id = p_attempt_id) then
    return pg_catalog.jsonb_build_object('attempt_id', p_attempt_id, 'request', p_request);
  end if;
  if p_reason not in ('duplicate', 'orphan', 'operator') then
    raise exception 'Cannot open the delete of a stray: reason must be duplicate, orphan or operator'
      using errcode = 'PT400', detail = 'Got ' || coalesce(p_reason, 'none');
  end if;
  perform private.hold_lease(p_run_id, p_lease_seconds, p_now);

  -- Both the row that knows the schedule and the row that the schedule names: neither may change meanwhile.
  perform 1
  from public.schedule_ledger as ledger
  where ledger.id = p_ledger_id
    or (ledger.match_id = p_match_id and ledger.replaced_at is null)
    or ledger.id = (
      select known.ledger_id from public.braze_schedules as known where known.braze_schedule_id = p_braze_schedule_id
    )
  order by ledger.id
  for no key update;
  select * into v_known from public.braze_schedules as known where known.braze_schedule_id = p_braze_schedule_id;

  if exists (
    select 1
    from public.schedule_ledger as ledger
    join public.braze_schedules as schedule on schedule.ledger_id = ledger.id and schedule.generation = ledger.generation
    where ledger.status <> 'cancelled'
      and (
        schedule.braze_schedule_id = p_braze_schedule_id
        -- Its properties name the current generation, whose schedule id is not known yet.
        or (ledger.id = p_ledger_id and ledger.generation = p_generation and schedule.braze_schedule_id is null)
        -- It is about to replace the current one.
        or (ledger.id = p_ledger_id and ledger.generation < p_generation and exists (
          select 1
          from public.braze_schedules as next
          where next.ledger_id = p_ledger_id and next.generation = p_generation and next.braze_schedule_id is null
            and next.state in ('creating', 'unknown')
        ))
      )
  ) then
    raise exception 'Cannot open the delete of a stray: it is the current, wanted schedule of its match'
      using errcode = 'PT409', hint = 'current_generation', detail = 'Schedule ' || p_braze_schedule_id;
  end if;

  -- All others a person decides about: they may be the only push of a match, or somebody else's.
  if p_reason <> 'operator' and not private.is_superseded_in_list(p_braze_schedule_id, p_now) then
    raise exception 'Cannot open the delete of a stray: the list does not show it as an older schedule beside the current one'
      using errcode = 'PT409', hint = 'not_superseded', detail = 'Schedule ' || p_braze_schedule_id;
  end if;

  if v_known.ledger_id is not null then
    update public.braze_schedules as schedule
    set state = 'deleting', updated_at = p_now
    where schedule.ledger_id = v_known.ledger_id and schedule.generation = v_known.generation
      and schedule.state <> 'completed';
    if not found then
      raise exception 'Cannot open the delete of a stray: it has been sent'
        using errcode = 'PT409', hint = 'not_live', detail = 'Schedule ' || p_braze_schedule_id;
    end if;
    select ledger.match_id into v_match_id from public.schedule_ledger as ledger where ledger.id = v_known.ledger_id;
  end if;

  insert into public.schedule_attempts
    (id, run_id, kind, reason, match_id, ledger_id, generation, braze_schedule_id, request, opened_at)
  values (
    p_attempt_id, p_run_id, 'delete', p_reason, coalesce(v_match_id, p_match_id), v_known.ledger_id, v_known.generation,
    p_braze_schedule_id, p_request, p_now
  );
  return pg_catalog.jsonb_build_object('attempt_id', p_attempt_id, 'request', p_request);
end;
$$;

comment on function public.open_unmanaged_delete(uuid, uuid, integer, text, jsonb, text, timestamptz, bigint, uuid, integer) is
  'Journals the delete of a schedule that the ledger does not own; the last three parameters are its own properties. Raises PT409: lease_lost, current_generation, not_superseded, not_live.';
revoke all on function public.open_unmanaged_delete(uuid, uuid, integer, text, jsonb, text, timestamptz, bigint, uuid, integer) from public, anon, authenticated, service_role;
grant execute on function public.open_unmanaged_delete(uuid, uuid, integer, text, jsonb, text, timestamptz, bigint, uuid, integer) to service_role;
