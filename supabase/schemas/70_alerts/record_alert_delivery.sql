-- Records the outcome of claimed messages.

create function public.record_alert_delivery(
  p_claim uuid,
  p_messages jsonb,
  p_outcome text,
  p_now timestamptz,
  p_channel text default null,
  p_error text default null,
  p_next_at timestamptz default null
)
returns integer
language plpgsql
volatile
security invoker
set search_path = ''
set jit = off
as $$
declare
  v_recorded integer;
begin
  if p_outcome not in ('delivered', 'failed', 'deferred') then
    raise exception 'Cannot record a delivery: outcome must be delivered, failed or deferred, got %', p_outcome;
  end if;

  perform 1
  from public.alerts as alert
  where alert.id in (
    select message.alert_id from pg_catalog.jsonb_to_recordset(p_messages) as message (alert_id bigint)
  )
  order by alert.fingerprint, alert.id
  for update;

  if p_outcome = 'delivered' then
    -- A delivered message is recorded even if its claim has expired. The severity is the delivered one: it may
    -- have risen since.
    update public.alerts as alert
    set delivered_at = case when message.is_about_open then p_now else alert.delivered_at end,
      delivered_as = case when message.is_about_open then p_channel else alert.delivered_as end,
      delivered_severity = case when message.is_about_open then message.severity else alert.delivered_severity end,
      resolution_delivered_at = case when not message.is_about_open then p_now end,
      told_as_changing = message.kind = 'changing',
      delivery_attempts = 0,
      delivery_error = null,
      next_delivery_at = null,
      delivery_claim = null,
      delivery_claimed_until = null
    from (
      select told.*, told.kind in ('raised', 'escalated', 'changing') as is_about_open
      from pg_catalog.jsonb_to_recordset(p_messages) as told (alert_id bigint, kind text, severity text)
    ) as message
    where alert.id = message.alert_id;
  else
    update public.alerts as alert
    set delivery_attempts = alert.delivery_attempts + case p_outcome when 'failed' then 1 else 0 end,
      delivery_error = case p_outcome when 'failed' then p_error else alert.delivery_error end,
      next_delivery_at = p_next_at,
      delivery_claim = null,
      delivery_claimed_until = null
    from pg_catalog.jsonb_to_recordset(p_messages) as message (alert_id bigint)
    -- Once the claim has expired, the message belongs to another sender.
    where alert.id = message.alert_id and alert.delivery_claim = p_claim;
  end if;
  get diagnostics v_recorded = row_count;

  if p_outcome = 'delivered' then
    -- The end of an alert that kept changing is told by the last message about it.
    update public.alerts as earlier
    set resolution_delivered_at = p_now
    from pg_catalog.jsonb_to_recordset(p_messages) as message (alert_id bigint, kind text)
    join public.alerts as told on told.id = message.alert_id
    where message.kind in ('raised', 'changing')
      and earlier.fingerprint = told.fingerprint and earlier.id < told.id
      and earlier.told_as_changing and earlier.resolution_delivered_at is null;
  end if;
  return v_recorded;
end;
$$;

comment on function public.record_alert_delivery(uuid, jsonb, text, timestamptz, text, text, timestamptz) is
  'Records that the messages [{alert_id, kind, severity}] were delivered, failed, or were put off until p_next_at. Safe to repeat.';
revoke all on function public.record_alert_delivery(uuid, jsonb, text, timestamptz, text, text, timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.record_alert_delivery(uuid, jsonb, text, timestamptz, text, text, timestamptz) to service_role;
