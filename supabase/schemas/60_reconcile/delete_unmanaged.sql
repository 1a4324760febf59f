-- A person deletes a schedule which the suite did not make, or which survived its delete: decides, and journals the call.

create function public.delete_unmanaged(
  p_attempt_id uuid,
  p_lease_seconds integer,
  p_braze_schedule_id text,
  p_accept_no_push boolean,
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
  v_match public.matches;
  v_refused text;
begin
  select listed.campaign_id, listed.send_at_utc, echo.match_id, echo.ledger_id, echo.generation into v_listed
  from private.listed_schedules as listed
  cross join lateral private.echo_of_properties(listed.trigger_properties) as echo
  where listed.braze_schedule_id = p_braze_schedule_id and listed.shown_until is null;
  select * into v_known from public.braze_schedules as known where known.braze_schedule_id = p_braze_schedule_id;
  perform 1
  from public.schedule_ledger as ledger
  where ledger.id in (v_known.ledger_id, v_listed.ledger_id)
  order by ledger.id
  for no key update;
  select match.* into v_match
  from public.matches as match
  where match.id = coalesce(
    (
      select ledger.match_id
      from public.schedule_ledger as ledger
      where ledger.id = coalesce(v_known.ledger_id, v_listed.ledger_id)
    ),
    v_listed.match_id
  );
  v_refused := case
    when v_listed.campaign_id is null then 'the last list of Braze does not show it'
    when exists (
      select 1
      from public.schedule_ledger as ledger
      where ledger.status <> 'cancelled' and (
        (ledger.id = v_known.ledger_id and ledger.generation = v_known.generation)
        -- Its create got no answer.
        or exists (
          select 1
          from public.braze_schedules as made
          where made.ledger_id = ledger.id and made.ledger_id = v_listed.ledger_id and made.generation = v_listed.generation
            and made.braze_schedule_id is null and made.state in ('creating', 'unknown', 'failed')
        )
      )
    ) then 'it is the suite''s own schedule of match ' || v_match.id
    when v_listed.send_at_utc <= p_now then 'its time has come'
    when not p_accept_no_push and v_match.status = 'scheduled' and v_match.push and v_match.kickoff_at > p_now
      and not private.has_own_schedule(v_match.id)
      then 'match ' || v_match.id || ' would have no push: the last list shows no schedule of the suite for it (accept_no_push overrides this)'
  end;
  if v_refused is null and not p_dry_run then
    perform public.open_unmanaged_delete(
      p_attempt_id, p_run_id, p_lease_seconds, p_braze_schedule_id,
      pg_catalog.jsonb_build_object('campaign_id', v_listed.campaign_id, 'schedule_id', p_braze_schedule_id),
      'operator', p_now, v_match.id, v_listed.ledger_id, v_listed.generation
    );
    insert into public.operator_actions
      (acted_at, action, match_id, actor_kind, actor_id, reason, before, details, run_id)
    values (
      p_now, 'delete_schedule', v_match.id, p_actor_kind, p_actor_id, p_reason,
      pg_catalog.jsonb_build_object('campaign_id', v_listed.campaign_id, 'send_at', v_listed.send_at_utc),
      pg_catalog.jsonb_build_object(
        'schedule_id', p_braze_schedule_id, 'attempt_id', p_attempt_id, 'accept_no_push', p_accept_no_push
      ),
      p_run_id
    );
  end if;
  return pg_catalog.jsonb_build_object(
    'schedule_id', p_braze_schedule_id, 'match_id', v_match.id, 'done', v_refused is null, 'refused', v_refused,
    'campaign_id', v_listed.campaign_id
  );
end;
$$;

comment on function public.delete_unmanaged(uuid, integer, text, boolean, text, text, uuid, boolean, timestamptz, text) is
  'Journals the delete of a listed schedule that is not the suite''s own; the caller makes the call. Returns {schedule_id, match_id, done, refused, campaign_id}. A dry run changes nothing. Raises PT409: lease_lost, current_generation, not_live.';
revoke all on function public.delete_unmanaged(uuid, integer, text, boolean, text, text, uuid, boolean, timestamptz, text) from public, anon, authenticated, service_role;
grant execute on function public.delete_unmanaged(uuid, integer, text, boolean, text, text, uuid, boolean, timestamptz, text) to service_role;
