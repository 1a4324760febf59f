-- Keeps history as long as the settings say, and deletes in small steps.
--
-- Each call deletes at most prune_batch rows of each kind, so that no transaction lasts long; the next call goes on. Open
-- alerts, the journal of calls to Braze and the runs it names are never pruned. Rejects, and where a setting says so what
-- operators did and who was erased, end too: they may name a person.

create function private.drop_old_partitions(p_now timestamptz)
returns integer
language plpgsql
volatile
security invoker
set search_path = ''
set jit = off
-- Dropping locks the whole table: it gives up early instead of holding up webhooks.
set lock_timeout = '200ms'
as $$
declare
  v_partition private.event_partitions;
  v_dropped integer := 0;
begin
  for v_partition in
    select existing.*
    from private.event_partitions as existing
    where existing.ends_at <= p_now - (select settings.partitions_kept from private.settings as settings)
    order by existing.starts_at
  loop
    begin
      execute pg_catalog.format('alter table public.notification_sends detach partition private.%I', v_partition.partition_name);
      execute pg_catalog.format('drop table private.%I', v_partition.partition_name);
      delete from private.event_partitions as gone where gone.starts_at = v_partition.starts_at;
      v_dropped := v_dropped + 1;
    exception when lock_not_available then
      exit;
    end;
  end loop;
  return v_dropped;
end;
$$;

comment on function private.drop_old_partitions(timestamptz) is
  'Drops partitions that ended settings.partitions_kept ago; returns how many. Gives up for now where it would have to wait.';
revoke all on function private.drop_old_partitions(timestamptz) from public, anon, authenticated, service_role;

create function private.prune_history(p_now timestamptz)
returns jsonb
language plpgsql
volatile
security invoker
set search_path = ''
set jit = off
as $$
declare
  v_settings private.settings;
  v_kind record;
  v_count integer;
  v_counts jsonb := jsonb '{}';
begin
  -- Not during an erasure: both rewrite old rows.
  perform pg_catalog.pg_advisory_xact_lock_shared(pg_catalog.hashtextextended('erase_user', 0));
  select * into strict v_settings from private.settings;

  delete from cron.job_run_details as gone
  where gone.runid in (
    select old.runid
    from cron.job_run_details as old
    where coalesce(old.end_time, old.start_time) < p_now - v_settings.cron_runs_kept
    limit v_settings.prune_batch
  );
  get diagnostics v_count = row_count;
  v_counts := v_counts || pg_catalog.jsonb_build_object('cron_runs', v_count);

  delete from public.job_runs as gone
  where gone.run_id in (
    select old.run_id
    from public.job_runs as old
    where old.called_at < p_now - v_settings.job_runs_kept
      and old.outcome <> 'running'
      and not exists (select 1 from public.schedule_attempts as attempt where attempt.run_id = old.run_id)
      -- The last success of each function stays: it shows since when it fails.
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
  get diagnostics v_count = row_count;
  v_counts := v_counts || pg_catalog.jsonb_build_object('job_runs', v_count);

  delete from public.operator_actions as gone
  where gone.id in (
    select old.id
    from public.operator_actions as old
    where old.acted_at < p_now - v_settings.operator_actions_kept
      -- The undo first; the next call deletes the undone action.
      and not exists (select 1 from public.operator_actions as undo where undo.undoes = old.id)
    limit v_settings.prune_batch
  );
  get diagnostics v_count = row_count;
  v_counts := v_counts || pg_catalog.jsonb_build_object('operator_actions', v_count);

  -- Rows that are old by one column.
  for v_kind in
    select *
    from (
      values
        ('scheduler_logs', 'public', 'scheduler_logs', 'id', 'logged_at', v_settings.logs_kept),
        ('count_audit_logs', 'public', 'count_audit_logs', 'id', 'checked_at', v_settings.audits_kept),
        ('braze_observations', 'public', 'braze_observations', 'id', 'began_at', v_settings.observations_kept),
        ('listed_schedules', 'private', 'listed_schedules', 'id', 'shown_until', v_settings.observations_kept),
        ('resolved_alerts', 'public', 'alerts', 'id', 'resolved_at', v_settings.resolved_alerts_kept),
        -- Without events there is nothing to attribute.
        ('unmanaged_schedules', 'private', 'unmanaged_schedules', 'braze_schedule_id', 'last_seen_at', v_settings.partitions_kept),
        ('webhook_rejects', 'public', 'webhook_rejects', 'digest', 'last_received_at', v_settings.rejects_kept),
        ('erased_events', 'private', 'erased_events', 'digest', 'erased_at', v_settings.erasures_kept)
    ) as kind (name, schema_name, table_name, key, happened_at, kept)
  loop
    execute pg_catalog.format(
      'delete from %I.%I where %I in (select %I from %I.%I where %I < $1 order by %I limit $2)',
      v_kind.schema_name, v_kind.table_name, v_kind.key,
      v_kind.key, v_kind.schema_name, v_kind.table_name, v_kind.happened_at, v_kind.happened_at
    ) using p_now - v_kind.kept, v_settings.prune_batch;
    get diagnostics v_count = row_count;
    v_counts := v_counts || pg_catalog.jsonb_build_object(v_kind.name, v_count);
  end loop;
  delete from private.erased_users as gone
  where gone.erased_at < p_now - v_settings.erasures_kept and gone.anonymise_until < p_now;

  -- The strongest locks last.
  v_counts := v_counts || pg_catalog.jsonb_build_object('raw_payloads', private.prune_raw_payloads(p_now));
  -- Partitions go whole, not in batches.
  return v_counts || pg_catalog.jsonb_build_object(
    'more', exists (
      select 1 from pg_catalog.jsonb_each(v_counts) as kind where kind.value::integer >= v_settings.prune_batch
    ),
    'partitions', private.drop_old_partitions(p_now)
  );
end;
$$;

comment on function private.prune_history(timestamptz) is
  'Deletes what is older than private.settings says, at most prune_batch of each kind; returns the counts, and whether there is more.';
revoke all on function private.prune_history(timestamptz) from public, anon, authenticated, service_role;
