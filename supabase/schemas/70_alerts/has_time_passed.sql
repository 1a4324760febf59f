-- Whether an alert ends because there is nothing left to correct, not because it was corrected.

create function private.has_time_passed(p_alert public.alerts, p_now timestamptz)
returns boolean
language plpgsql
stable
security invoker
set search_path = ''
set jit = off
as $$
declare
  v_kickoff_at timestamptz;
  v_send_at timestamptz;
  v_is_sent boolean;
begin
  if p_alert.match_id is not null then
    select match.kickoff_at, ledger.send_at_utc, ledger.status = 'sent' into v_kickoff_at, v_send_at, v_is_sent
    from public.matches as match
    left join public.schedule_ledger as ledger on ledger.match_id = match.id and ledger.replaced_at is null
    where match.id = p_alert.match_id;
  elsif p_alert.rule in ('removals_held', 'remakes_held') then
    select max((held ->> 'sends_at')::timestamptz) into v_kickoff_at
    from pg_catalog.jsonb_array_elements(p_alert.details -> 'matches') as held;
  elsif p_alert.rule = 'unknown_team' then
    v_kickoff_at := (p_alert.details ->> 'kickoff_at')::timestamptz;
  end if;

  return coalesce(
    case
      -- They ask for something to be done before the send.
      when p_alert.rule in (
        'unknown_team', 'create_failed', 'move_failed', 'delete_unconfirmed', 'schedule_id_unknown', 'create_inside_freeze',
        'change_inside_freeze', 'brought_forward_inside_freeze', 'brought_forward_too_late', 'cancel_inside_freeze',
        'sent_then_moved', 'moved_while_unconfirmed', 'kickoff_unconfirmed', 'kickoff_at_midnight', 'properties_too_large',
        'match_id_reused', 'same_fixture_twice', 'removals_held', 'remakes_held', 'schedule_missing', 'changed_before_send',
        'schedule_id_missing', 'schedule_gap', 'attempt_unknown', 'unmanaged_schedule'
      ) then v_kickoff_at <= p_now or (v_send_at <= p_now and v_send_at > p_alert.first_seen_at)
      -- The others are answered by what became of the push.
      else not v_is_sent and least(v_kickoff_at, v_send_at) <= p_now
    end,
    false
  );
end;
$$;

comment on function private.has_time_passed(alerts, timestamptz) is
  'Whether the match of an alert has begun, or its push was due, so that the alert ends without being corrected.';
revoke all on function private.has_time_passed(alerts, timestamptz) from public, anon, authenticated, service_role;
grant execute on function private.has_time_passed(alerts, timestamptz) to service_role;
