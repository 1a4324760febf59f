-- The last day that was measured.

create function public.last_health_date()
returns date
language sql
stable
security invoker
set search_path = ''
set jit = off
as $$
  select max(metrics.date) from public.webhook_health_metrics as metrics;
$$;

comment on function public.last_health_date() is 'The last UTC date that was rolled up, or null.';
revoke all on function public.last_health_date() from public, anon, authenticated, service_role;
grant execute on function public.last_health_date() to service_role;
