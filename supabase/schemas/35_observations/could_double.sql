-- Why another push of a match could be a second one.
--
-- Braze deletes surely only what is deleted the freeze window before its send; a closed send gate shuts out what it did not
-- delete. Everything else that Braze lists, or that is inside its window, may reach users.

create function private.could_double(p_ledger_id uuid, p_freeze_seconds integer, p_now timestamptz)
returns text
language sql
stable
security invoker
set search_path = ''
set jit = off
as $$
  with risky as (
    select
      schedule.generation,
      schedule.send_at_utc,
      private.can_still_send(schedule.send_at_utc, schedule.moving_to_utc, p_now)
        and not (
          schedule.state = 'deleted'
          and coalesce(schedule.deleted_at, schedule.absent_at)
            <= schedule.send_at_utc - pg_catalog.make_interval(secs => p_freeze_seconds)
        ) as is_in_window,
      exists (
        select 1
        from private.listed_schedules as listed
        where listed.braze_schedule_id = schedule.braze_schedule_id and listed.shown_until is null
          -- A list may be behind a delete.
          and (schedule.state <> 'deleted' or exists (
            select 1
            from public.braze_observations as observation
            where observation.campaign_id = listed.campaign_id and observation.listing_mode = 'per_schedule'
              and observation.began_at >= schedule.deleted_at + interval '5 minutes'
          ))
      ) as is_listed
    from public.braze_schedules as schedule
    where schedule.ledger_id = p_ledger_id
      and schedule.state not in ('failed', 'completed')
      and schedule.shut_out_at is null
  )
  select case
    when risky.is_listed then 'the last list of Braze shows its schedule ' || risky.generation
    else 'its schedule ' || risky.generation || ' was due at '
      || private.minute_text(risky.send_at_utc)
      || ' and may be sent until a day later'
  end
  from risky
  where risky.is_listed or risky.is_in_window
  order by risky.is_listed desc, risky.generation desc
  limit 1;
$$;

comment on function private.could_double(uuid, integer, timestamptz) is
  'Why a schedule of the ledger row may still be sent: the last list shows it, or its window is open. null: none can, since they were deleted early enough, or the send gate shuts them out.';
revoke all on function private.could_double(uuid, integer, timestamptz) from public, anon, authenticated, service_role;
grant execute on function private.could_double(uuid, integer, timestamptz) to authenticated, service_role;
