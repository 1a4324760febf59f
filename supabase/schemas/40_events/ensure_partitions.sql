-- Partitions of notification_sends exist before they are needed.
--
-- A partition is built apart and then attached: attaching does not block inserts, creating it in place would.

create function private.ensure_partitions(p_now timestamptz)
returns integer
language plpgsql
volatile
security invoker
set search_path = ''
set jit = off
set timezone = 'UTC'
as $$
declare
  v_settings private.settings;
  v_step interval;
  v_wanted tstzrange;
  v_gap tstzrange;
  v_name text;
  v_made integer := 0;
begin
  -- Two callers at once would build the same partition.
  perform pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('ensure_partitions', 0));

  select * into strict v_settings from private.settings;
  v_step := case v_settings.partition_by when 'day' then interval '1 day' else interval '1 month' end;

  for i in -v_settings.partitions_behind .. v_settings.partitions_ahead loop
    v_wanted := pg_catalog.tstzrange(
      pg_catalog.date_trunc(v_settings.partition_by, p_now) + i * v_step,
      pg_catalog.date_trunc(v_settings.partition_by, p_now) + (i + 1) * v_step
    );
    -- After a change from months to days (or back) part of a step may exist already; the rest is still made.
    for v_gap in
      select pg_catalog.unnest(
        pg_catalog.tstzmultirange(v_wanted) - coalesce(
          pg_catalog.range_agg(pg_catalog.tstzrange(existing.starts_at, existing.ends_at)), '{}'
        )
      )
      from private.event_partitions as existing
    loop
      v_name := 'notification_sends_' || pg_catalog.to_char(
        lower(v_gap),
        case when v_settings.partition_by = 'month' and v_gap = v_wanted then 'YYYYMM' else 'YYYYMMDD' end
      );
      execute pg_catalog.format(
        'create table private.%I (like public.notification_sends including defaults including constraints)',
        v_name
      );
      execute pg_catalog.format('alter table private.%I enable row level security', v_name);
      -- With this constraint, attaching needs no scan of the rows.
      execute pg_catalog.format(
        'alter table private.%I add constraint sent_at_is_in_partition check (sent_at >= %L and sent_at < %L)',
        v_name, lower(v_gap), upper(v_gap)
      );
      execute pg_catalog.format(
        'alter table public.notification_sends attach partition private.%I for values from (%L) to (%L)',
        v_name, lower(v_gap), upper(v_gap)
      );
      execute pg_catalog.format('alter table private.%I drop constraint sent_at_is_in_partition', v_name);
      insert into private.event_partitions (starts_at, ends_at, partition_name)
      values (lower(v_gap), upper(v_gap), v_name);
      v_made := v_made + 1;
    end loop;
  end loop;

  return v_made;
end;
$$;

comment on function private.ensure_partitions(timestamptz) is
  'Makes the partitions of notification_sends from partitions_behind before p_now to partitions_ahead after it; returns how many were made.';
revoke all on function private.ensure_partitions(timestamptz) from public, anon, authenticated, service_role;

select private.ensure_partitions(now());
