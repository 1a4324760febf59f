-- A person says that a schedule which the suite did not make is to stay as it is: nobody is told of it any more, unless the
-- suite schedules its match later and nobody has accepted a second push.

create function public.keep_unmanaged(
  p_braze_schedule_id text,
  p_accept_double_push boolean,
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
  v_kept private.unmanaged_schedules;
  v_known public.braze_schedules;
  v_match public.matches;
  v_refused text;
begin
  select * into v_kept
  from private.unmanaged_schedules as unmanaged
  where unmanaged.braze_schedule_id = p_braze_schedule_id
    and exists (
      select 1
      from private.listed_schedules as listed
      where listed.braze_schedule_id = p_braze_schedule_id and listed.shown_until is null
    )
  for update;
  select * into v_known from public.braze_schedules as known where known.braze_schedule_id = p_braze_schedule_id;
  select match.* into v_match
  from private.listed_schedules as listed
  cross join lateral private.echo_of_properties(listed.trigger_properties) as echo
  left join public.schedule_ledger as ledger on ledger.id = echo.ledger_id
  join public.matches as match on match.id = coalesce(ledger.match_id, echo.match_id)
  where listed.braze_schedule_id = p_braze_schedule_id and listed.shown_until is null;
  v_refused := case
    when v_known.ledger_id is not null then 'it is schedule ' || v_known.generation || ' of match '
      || (select ledger.match_id from public.schedule_ledger as ledger where ledger.id = v_known.ledger_id)
    when v_kept.braze_schedule_id is null then 'the last list of Braze does not show it, or not its time'
    when v_kept.kept_at is not null and (v_kept.double_push_accepted or not p_accept_double_push) then 'it is kept already'
    when not p_accept_double_push and v_match.status = 'scheduled' and v_match.push and v_match.kickoff_at > p_now
      then 'match ' || v_match.id || ' has or gets a push by the suite as well: set matches.push to false first, or adopt it (accept_double_push overrides this)'
  end;
  if v_refused is null and not p_dry_run then
    insert into public.operator_actions
      (acted_at, action, match_id, actor_kind, actor_id, reason, before, details, run_id)
    values (
      p_now, 'keep_schedule', v_match.id, p_actor_kind, p_actor_id, p_reason,
      pg_catalog.jsonb_build_object('kept', v_kept.kept_at is not null),
      pg_catalog.jsonb_build_object(
        'schedule_id', p_braze_schedule_id, 'send_at', v_kept.send_at_utc, 'accept_double_push', p_accept_double_push
      ),
      p_run_id
    );
    update private.unmanaged_schedules as unmanaged
    set kept_at = p_now, double_push_accepted = p_accept_double_push
    where unmanaged.braze_schedule_id = p_braze_schedule_id;
  end if;
  return pg_catalog.jsonb_build_object(
    'schedule_id', p_braze_schedule_id, 'match_id', v_match.id, 'done', v_refused is null, 'refused', v_refused
  );
end;
$$;

comment on function public.keep_unmanaged(text, boolean, text, text, uuid, boolean, timestamptz, text) is
  'A person keeps a listed schedule that is not ours; returns {schedule_id, match_id, done, refused}. A dry run changes nothing.';
revoke all on function public.keep_unmanaged(text, boolean, text, text, uuid, boolean, timestamptz, text) from public, anon, authenticated, service_role;
grant execute on function public.keep_unmanaged(text, boolean, text, text, uuid, boolean, timestamptz, text) to service_role;
