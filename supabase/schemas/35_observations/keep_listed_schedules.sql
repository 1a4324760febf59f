-- Stores what a list shows, once for as long as it stays the same.

create function private.keep_listed_schedules(p_campaign_id text, p_schedules jsonb, p_began_at timestamptz)
returns void
language plpgsql
volatile
security invoker
set search_path = ''
set jit = off
as $$
begin
  update private.listed_schedules as kept
  set shown_until = p_began_at
  where kept.campaign_id = p_campaign_id and kept.shown_until is null
    and not exists (
      select 1
      from pg_catalog.jsonb_to_recordset(p_schedules) as listed (
        schedule_id text, send_at timestamptz, trigger_properties jsonb, dispatch_id text, send_id text
      )
      where listed.schedule_id = kept.braze_schedule_id
        and listed.send_at is not distinct from kept.send_at_utc
        and listed.trigger_properties is not distinct from kept.trigger_properties
        and listed.dispatch_id is not distinct from kept.dispatch_id
        and listed.send_id is not distinct from kept.send_id
    );
  insert into private.listed_schedules
    (campaign_id, braze_schedule_id, send_at_utc, trigger_properties, dispatch_id, send_id, shown_from)
  select distinct on (listed.schedule_id)
    p_campaign_id, listed.schedule_id, listed.send_at, listed.trigger_properties, listed.dispatch_id, listed.send_id, p_began_at
  from pg_catalog.jsonb_to_recordset(p_schedules) as listed (
    schedule_id text, send_at timestamptz, trigger_properties jsonb, dispatch_id text, send_id text
  )
  order by listed.schedule_id
  on conflict (campaign_id, braze_schedule_id) where shown_until is null do nothing;
end;
$$;

comment on function private.keep_listed_schedules(text, jsonb, timestamptz) is
  'Stores the entries [{schedule_id, send_at, trigger_properties, dispatch_id, send_id}] of a list that differ from those of the list before.';
revoke all on function private.keep_listed_schedules(text, jsonb, timestamptz) from public, anon, authenticated, service_role;
grant execute on function private.keep_listed_schedules(text, jsonb, timestamptz) to service_role;
