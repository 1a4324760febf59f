-- What a look at Braze has to cover: a campaign is observed until its last schedule is due, also after another one is
-- configured.

create function public.campaigns_to_observe(p_campaign_id text, p_now timestamptz)
returns jsonb
language sql
stable
security invoker
set search_path = ''
set jit = off
as $$
  with pending as (
    select schedule.campaign_id, greatest(schedule.send_at_utc, schedule.moving_to_utc) as send_at
    from public.braze_schedules as schedule
    where private.can_be_live(schedule.state)
      and greatest(schedule.send_at_utc, schedule.moving_to_utc) > p_now
  )
  select pg_catalog.jsonb_build_object(
    'campaign_ids', (
      select pg_catalog.jsonb_agg(observed.campaign_id order by observed.campaign_id)
      from (select pending.campaign_id from pending union select p_campaign_id) as observed
    ),
    'last_send_at', (select max(pending.send_at) from pending)
  );
$$;

comment on function public.campaigns_to_observe(text, timestamptz) is
  'The configured campaign and those with a schedule that may still be sent, and when the last one is due: {campaign_ids, last_send_at}.';
revoke all on function public.campaigns_to_observe(text, timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.campaigns_to_observe(text, timestamptz) to service_role;
