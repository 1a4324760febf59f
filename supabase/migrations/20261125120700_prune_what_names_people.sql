-- Let private.prune_history take what may name a person and had no end yet: rejects, and, where a setting says so, what
-- operators did and who was erased.

alter table private.settings
  add column rejects_kept interval default '180 days',
  add column operator_actions_kept interval,
  add column erasures_kept interval,
  -- The heartbeat counts those of the last hour.
  add constraint rejects_are_kept_for_a_day check (rejects_kept >= interval '1 day'),
  -- Until then Braze may tell again what it told.
  add constraint erasures_are_kept_for_a_week check (erasures_kept >= interval '7 days');
comment on column private.settings.rejects_kept is
  'How long after it last came a body that was not understood is kept, replayed or not.';
comment on column private.settings.operator_actions_kept is 'An action that is gone cannot be undone any more.';
comment on column private.settings.erasures_kept is
  'After this, an event of a person who was erased, told again, would be stored anew, with the person.';

create or replace function private.prune_history(p_now timestamptz)
returns jsonb
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  v_settings private.settings;
  v_cron_runs integer;
  v_logs integer;
  v_job_runs integer;
  v_audits integer;
  v_alerts integer;
  v_rejects integer;
  v_actions integer;
  v_erased_events integer;
  v_payloads integer;
  v_partitions integer;
begin
  -- Not while somebody is erased: both rewrite what is old.
  perform pg_catalog.pg_advisory_xact_lock_shared(pg_catalog.hashtextextended('erase_user', 0));
  select * into strict v_settings from private.settings;

  delete from cron.job_run_details as gone
  where gone.runid in (
    select old.runid
    from cron.job_run_details as old
    where coalesce(old.end_time, old.start_time) < p_now - v_settings.cron_runs_kept
    limit v_settings.prune_batch
  );
  get diagnostics v_cron_runs = row_count;

  delete from public.scheduler_logs as gone
  where gone.id in (
    select old.id
    from public.scheduler_logs as old
    where old.logged_at < p_now - v_settings.logs_kept
    order by old.logged_at
    limit v_settings.prune_batch
  );
  get diagnostics v_logs = row_count;

  delete from public.job_runs as gone
  where gone.run_id in (
    select old.run_id
    from public.job_runs as old
    where old.called_at < p_now - v_settings.job_runs_kept
      and old.outcome <> 'running'
      and not exists (select 1 from public.schedule_attempts as attempt where attempt.run_id = old.run_id)
      -- The last success of a function says since when it has been silent.
      and old.run_id <> all (
        select last_success.run_id
        from private.job_periods as job
        cross join lateral (
          select run.run_id
          from public.job_runs as run
          where run.function_name = job.function_name and run.outcome in ('succeeded', 'partial') and not run.dry_run
          order by run.called_at desc
          limit 1
        ) as last_success
      )
    limit v_settings.prune_batch
  );
  get diagnostics v_job_runs = row_count;

  delete from public.count_audit_logs as gone
  where gone.id in (
    select old.id
    from public.count_audit_logs as old
    where old.checked_at < p_now - v_settings.audits_kept
    order by old.checked_at
    limit v_settings.prune_batch
  );
  get diagnostics v_audits = row_count;

  delete from public.alerts as gone
  where gone.id in (
    select old.id
    from public.alerts as old
    where old.resolved_at < p_now - v_settings.resolved_alerts_kept
    limit v_settings.prune_batch
  );
  get diagnostics v_alerts = row_count;

  delete from public.webhook_rejects as gone
  where gone.digest in (
    select old.digest
    from public.webhook_rejects as old
    where old.last_received_at < p_now - v_settings.rejects_kept
    order by old.last_received_at
    limit v_settings.prune_batch
  );
  get diagnostics v_rejects = row_count;

  delete from public.operator_actions as gone
  where gone.id in (
    select old.id
    from public.operator_actions as old
    where old.acted_at < p_now - v_settings.operator_actions_kept
      -- First the undo, with the next call what it undid.
      and not exists (select 1 from public.operator_actions as undo where undo.undoes = old.id)
    limit v_settings.prune_batch
  );
  get diagnostics v_actions = row_count;

  delete from private.erased_events as gone
  where gone.digest in (
    select old.digest
    from private.erased_events as old
    where old.erased_at < p_now - v_settings.erasures_kept
    limit v_settings.prune_batch
  );
  get diagnostics v_erased_events = row_count;
  delete from private.erased_users as gone
  where gone.erased_at < p_now - v_settings.erasures_kept and gone.forget_until < p_now;

  -- Last what takes the strongest locks.
  v_payloads := private.prune_raw_payloads(p_now);
  v_partitions := private.drop_old_partitions(p_now);

  return pg_catalog.jsonb_build_object(
    'cron_runs', v_cron_runs,
    'scheduler_logs', v_logs,
    'job_runs', v_job_runs,
    'count_audit_logs', v_audits,
    'resolved_alerts', v_alerts,
    'webhook_rejects', v_rejects,
    'operator_actions', v_actions,
    'erased_events', v_erased_events,
    'raw_payloads', v_payloads,
    'partitions', v_partitions,
    'more', v_settings.prune_batch <= any (array[
      v_cron_runs, v_logs, v_job_runs, v_audits, v_alerts, v_rejects, v_actions, v_erased_events, v_payloads
    ])
  );
end;
$$;

comment on function private.prune_history(timestamptz) is
  'Deletes what is older than private.settings says, at most prune_batch of each kind; returns the counts, and whether there is more.';

revoke execute on function private.prune_history(timestamptz) from public;
