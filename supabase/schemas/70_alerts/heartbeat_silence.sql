-- Why the service outside is not told that all is well.

create function public.heartbeat_silence(p_channel text, p_now timestamptz)
returns jsonb
language plpgsql
stable
security invoker
set search_path = ''
set jit = off
as $$
begin
  return (
    with reasons (reason) as (
      select success.function_name || ' has not succeeded within twice its period'
      from private.function_successes() as success
      where success.silent_since < p_now - 2 * success.period
      union all
      select private.counted_text(count(*), 'alert', 'alerts') || ' could not be delivered'
      from public.alerts as alert
      where (alert.resolved_at is null or (alert.delivered_at is not null and alert.resolution_delivered_at is null))
        and private.alert_message(alert, p_channel, p_now) is not null
        -- One refusal may be a short trouble of the chat; an opening may wait for the next run.
        and (
          alert.delivery_attempts >= 3
          or (alert.delivered_at is null and alert.first_seen_at < p_now - interval '15 minutes')
        )
      having count(*) > 0
    )
    select coalesce(pg_catalog.jsonb_agg(reasons.reason order by reasons.reason), '[]') from reasons
  );
end;
$$;

comment on function public.heartbeat_silence(text, timestamptz) is
  'The reasons for which no ping is sent: timed functions without success within twice their period, and alerts that reach nobody on p_channel. Empty: all is well.';
revoke all on function public.heartbeat_silence(text, timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.heartbeat_silence(text, timestamptz) to service_role;
