-- The minute that a list of campaigns must name as the next send of a campaign.
--
-- The list speaks of one minute, so a change that may or may not have taken effect before it leaves nothing to compare.

create function private.expected_next_send(p_campaign_id text, p_began_at timestamptz, p_until timestamptz, p_now timestamptz)
returns timestamptz
language sql
stable
security invoker
set search_path = ''
set jit = off
as $$
  with confirmed as (
    select min(pg_catalog.date_trunc('minute', schedule.send_at_utc)) as minute
    from public.braze_schedules as schedule
    where schedule.campaign_id = p_campaign_id and schedule.state = 'live' and schedule.moving_to_utc is null
      and schedule.send_at_utc > p_now and schedule.send_at_utc <= p_until
      -- Braze promises no faster read after a write.
      and schedule.updated_at <= p_began_at - interval '5 minutes'
  )
  select confirmed.minute
  from confirmed
  where not exists (
    select 1
    from public.braze_schedules as schedule
    where schedule.campaign_id = p_campaign_id
      and (schedule.state in ('creating', 'unknown', 'deleting') or (schedule.state = 'live' and schedule.moving_to_utc is not null))
      and greatest(schedule.send_at_utc, schedule.moving_to_utc) > p_began_at
      and least(schedule.send_at_utc, schedule.moving_to_utc) < confirmed.minute + interval '1 minute'
  );
$$;

comment on function private.expected_next_send(text, timestamptz, timestamptz, timestamptz) is
  'The earliest minute, up to p_until, with a confirmed schedule of the campaign that is unchanged for five minutes; null where an unknown create, move or delete comes before it.';
revoke all on function private.expected_next_send(text, timestamptz, timestamptz, timestamptz) from public, anon, authenticated, service_role;
grant execute on function private.expected_next_send(text, timestamptz, timestamptz, timestamptz) to service_role;
