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
    set delivered_at = case message.kind when 'resolved' then alert.delivered_at else p_now end,
      delivered_as = case message.kind when 'resolved' then alert.delivered_as else p_channel end,
      delivered_severity = case message.kind when 'resolved' then alert.delivered_severity else message.severity end,
      resolution_delivered_at = case message.kind when 'resolved' then p_now end,
      delivery_attempts = 0,
      delivery_error = null,
      next_delivery_at = null,
      delivery_claim = null,
      delivery_claimed_until = null
    from pg_catalog.jsonb_to_recordset(p_messages) as message (alert_id bigint, kind text, severity text)
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
  return v_recorded;
end;
$$;

comment on function public.record_alert_delivery(uuid, jsonb, text, timestamptz, text, text, timestamptz) is
  'Records that the messages [{alert_id, kind, severity}] were delivered, failed, or were put off until p_next_at. Safe to repeat.';
revoke all on function public.record_alert_delivery(uuid, jsonb, text, timestamptz, text, text, timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.record_alert_delivery(uuid, jsonb, text, timestamptz, text, text, timestamptz) to service_role;
