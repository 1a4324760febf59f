-- Which listed schedules the suite may delete by itself.
--
-- As narrow as can be: a schedule that carries our ledger id and an older generation, while the same list shows the current
-- one by its id. That generation has this schedule, or its create got no answer: a schedule with the properties of another
-- one is a copy that a person made. Everything else may be what a person made on purpose, too, or the only push of its match.
-- Nothing before the scheduler has planned all matches once: until then the ledger does not say what is wanted.

create function private.scheduler_has_planned(p_now timestamptz)
returns boolean
language sql
stable
security invoker
set search_path = ''
set jit = off
as $$
  select exists (
    select 1
    from public.job_runs as run
    where run.function_name = 'braze-scheduler' and run.outcome = 'succeeded' and not run.dry_run
      and run.finished_at <= p_now
      -- A run for some matches alone.
      and not coalesce(run.summary ? 'match_ids', false)
  );
$$;

comment on function private.scheduler_has_planned(timestamptz) is
  'Whether a run of the scheduler over all matches has succeeded.';
revoke all on function private.scheduler_has_planned(timestamptz) from public, anon, authenticated, service_role;
grant execute on function private.scheduler_has_planned(timestamptz) to service_role;

create function private.is_superseded_in_list(p_braze_schedule_id text, p_now timestamptz)
returns boolean
language sql
stable
security invoker
set search_path = ''
set jit = off
as $$
  select exists (
    select 1
    from private.listed_schedules as listed
    cross join lateral private.echo_of_properties(listed.trigger_properties) as echo
    join public.schedule_ledger as ledger on ledger.id = echo.ledger_id
    join public.braze_schedules as current on current.ledger_id = ledger.id and current.generation = ledger.generation
    join private.listed_schedules as listed_current
      on listed_current.campaign_id = listed.campaign_id and listed_current.braze_schedule_id = current.braze_schedule_id
    join public.braze_schedules as older on older.ledger_id = ledger.id and older.generation = echo.generation
    where listed.braze_schedule_id = p_braze_schedule_id
      -- In the last list, as is the current one: a list that is newer than it shows both.
      and listed.shown_until is null and listed_current.shown_until is null
      and ledger.status <> 'cancelled' and current.state = 'live'
      and echo.generation < ledger.generation
      and listed.braze_schedule_id <> current.braze_schedule_id
      and coalesce(older.braze_schedule_id, listed.braze_schedule_id) = listed.braze_schedule_id
      and not exists (
        select 1
        from public.braze_schedules as other
        where other.braze_schedule_id = listed.braze_schedule_id
          and (other.ledger_id, other.generation) <> (older.ledger_id, older.generation)
      )
      and private.scheduler_has_planned(p_now)
  );
$$;

comment on function private.is_superseded_in_list(text, timestamptz) is
  'Whether the last list shows a schedule as an older generation of ours beside the current one, so that it may be deleted without a person.';
revoke all on function private.is_superseded_in_list(text, timestamptz) from public, anon, authenticated, service_role;
grant execute on function private.is_superseded_in_list(text, timestamptz) to service_role;
