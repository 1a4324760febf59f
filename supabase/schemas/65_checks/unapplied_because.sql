-- Why a change of a fixture did not reach its push: by what is stored, not by how little time there was alone.

create function private.unapplied_because(
  p_ledger_id uuid,
  p_changed_at timestamptz,
  p_sent_at timestamptz
)
returns text
language plpgsql
stable
security invoker
set search_path = ''
set jit = off
as $$
declare
  v_period constant interval := coalesce(
    (select job.period from private.job_periods as job where job.function_name = 'braze-scheduler'), interval '5 minutes'
  );
  v_freeze constant interval := (select timing.freeze from private.send_timing() as timing);
  v_minutes constant integer := pg_catalog.floor(extract(epoch from p_sent_at - p_changed_at) / 60);
  v_call record;
  v_succeeded_at timestamptz;
begin
  select attempt.kind, attempt.detail into v_call
  from public.schedule_attempts as attempt
  where attempt.ledger_id = p_ledger_id and attempt.kind in ('create', 'update', 'delete')
    and attempt.opened_at between p_changed_at and p_sent_at
    and attempt.outcome is distinct from 'succeeded'
  order by attempt.opened_at desc
  limit 1;
  if found then
    return 'Braze did not confirm ' || case v_call.kind
      when 'delete' then 'the delete' when 'update' then 'the move' else 'the new schedule'
    end || coalesce(' (' || v_call.detail || ')', '');
  end if;

  select run.finished_at into v_succeeded_at
  from public.job_runs as run
  where run.function_name = 'braze-scheduler' and run.outcome in ('succeeded', 'partial') and not run.dry_run
    and run.called_at < p_sent_at
  order by run.called_at desc
  limit 1;
  if v_succeeded_at is null then
    return 'braze-scheduler had not succeeded yet';
  end if;
  -- A run was due in between, or the one before the change was already overdue.
  if v_succeeded_at < p_changed_at
    and (p_changed_at <= p_sent_at - v_period or v_succeeded_at <= p_sent_at - 2 * v_period) then
    return 'braze-scheduler had not succeeded since ' || private.minute_text(v_succeeded_at);
  end if;
  if p_changed_at > p_sent_at - v_freeze then
    return 'that was ' || case v_minutes when 0 then 'less than a minute' else private.counted_text(v_minutes, 'minute', 'minutes') end
      || ' before the send, too late for Braze to heed a change';
  end if;
  return null;
end;
$$;

comment on function private.unapplied_because(uuid, timestamptz, timestamptz) is
  'Why a change of the fixture at p_changed_at did not reach the push of p_sent_at: no clear answer of Braze, no run of the scheduler, or too little time; null: nothing stored says why.';
revoke all on function private.unapplied_because(uuid, timestamptz, timestamptz) from public, anon, authenticated, service_role;
grant execute on function private.unapplied_because(uuid, timestamptz, timestamptz) to service_role;
