-- A schedule that was due a day ago has been sent, or never will be.

create function private.can_still_send(p_send_at timestamptz, p_moving_to timestamptz, p_now timestamptz)
returns boolean
language sql
immutable
security invoker
set search_path = ''
as $$
  select greatest(p_send_at, p_moving_to) > p_now - interval '24 hours';
$$;

comment on function private.can_still_send(timestamptz, timestamptz, timestamptz) is
  'Whether a schedule with this time, or with the one it may have been moved to, can still be sent: for 24 hours after it.';
revoke all on function private.can_still_send(timestamptz, timestamptz, timestamptz) from public, anon, authenticated, service_role;
grant execute on function private.can_still_send(timestamptz, timestamptz, timestamptz) to authenticated, service_role;
