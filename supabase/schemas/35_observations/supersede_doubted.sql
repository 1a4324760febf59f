-- After a campaign was stopped and started, schedules that Braze may have dropped are made again where a closed send gate
-- turns the old ones away, should they be there.

create function public.supersede_doubted(
  p_run_id uuid,
  p_lease_seconds integer,
  p_ledger_id uuid,
  p_generation integer,
  p_now timestamptz
)
returns boolean
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  v_match_id bigint := private.lock_pending(p_run_id, p_lease_seconds, p_ledger_id, p_generation, p_now);
begin
  if v_match_id is null or not exists (
    select 1
    from public.braze_schedules as schedule
    where schedule.ledger_id = p_ledger_id and schedule.generation = p_generation
      and schedule.doubt = 'campaign_restarted' and schedule.state = 'live'
  ) then
    return false;
  end if;
  perform private.end_generation(p_ledger_id, p_generation, p_now);
  insert into public.scheduler_logs (logged_at, function_name, action, reason, match_id, run_id, details)
  values (
    p_now, 'braze-preflight-check', 'doubted_superseded',
    'Braze may have dropped it with its campaign, and the send gate turns it away', v_match_id, p_run_id,
    pg_catalog.jsonb_build_object('generation', p_generation)
  );
  return true;
end;
$$;

comment on function public.supersede_doubted(uuid, integer, uuid, integer, timestamptz) is
  'Ends a generation that is in doubt since its campaign was restarted, so that the next one is made; false where that has changed. Raises PT409 lease_lost.';
revoke all on function public.supersede_doubted(uuid, integer, uuid, integer, timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.supersede_doubted(uuid, integer, uuid, integer, timestamptz) to service_role;
