-- What the next send that a list of campaigns names proves, and whether the list is to be trusted.

create function private.compare_next_send(
  p_observation public.braze_observations,
  p_last_read public.braze_observations,
  p_now timestamptz
)
returns public.braze_observations
language plpgsql
stable
security invoker
set search_path = ''
set jit = off
as $$
declare
  v_new public.braze_observations := p_observation;
  v_listed timestamptz := pg_catalog.date_trunc('minute', p_observation.listed_next_send);
  v_is_unmanaged boolean := false;
begin
  if v_new.listing_mode = 'unavailable' then
    v_new.agreed_next_send := p_last_read.agreed_next_send;
    v_new.next_send_is_trusted := coalesce(p_last_read.next_send_is_trusted, false);
    v_new.unmanaged_send_expected := coalesce(p_last_read.unmanaged_send_expected, false);
    return v_new;
  end if;
  -- Trust ends with a list that is empty or of another kind.
  if v_new.listing_mode <> 'per_campaign' then
    return v_new;
  end if;
  if p_last_read.listing_mode = 'per_campaign' then
    v_new.agreed_next_send := p_last_read.agreed_next_send;
    v_new.next_send_is_trusted := p_last_read.next_send_is_trusted;
  end if;
  v_new.expected_next_send := private.expected_next_send(v_new.campaign_id, v_new.began_at, v_new.covers_until, p_now);
  -- A time that is past, or has no zone, says nothing.
  if v_new.listed_next_send is null or v_new.listed_next_send <= p_now or v_new.expected_next_send is null then
    return v_new;
  end if;

  if v_listed < v_new.expected_next_send then
    -- A late read shows a time that a schedule of ours has left.
    v_is_unmanaged := not exists (
      select 1
      from private.schedule_times as planned
      join public.braze_schedules as schedule
        on schedule.ledger_id = planned.ledger_id and schedule.generation = planned.generation
      where schedule.campaign_id = v_new.campaign_id
        and planned.send_at_utc >= v_listed and planned.send_at_utc < v_listed + interval '1 minute'
    );
    if not v_is_unmanaged then
      return v_new;
    end if;
  end if;
  v_new.next_send_agrees := v_listed = v_new.expected_next_send;

  if v_new.next_send_agrees then
    v_new.next_send_is_trusted := v_new.next_send_is_trusted
      or coalesce(v_new.agreed_next_send <> v_new.expected_next_send, false);
    v_new.agreed_next_send := coalesce(v_new.agreed_next_send, v_new.expected_next_send);
  elsif v_is_unmanaged then
    v_new.unmanaged_send_expected := v_new.next_send_is_trusted or (
      coalesce(p_last_read.unmanaged_send_expected, false)
      and pg_catalog.date_trunc('minute', p_last_read.listed_next_send) = v_listed
    );
    v_new.next_send_is_trusted := false;
    v_new.agreed_next_send := null;
  end if;
  return v_new;
end;
$$;

comment on function private.compare_next_send(braze_observations, braze_observations, timestamptz) is
  'Completes an observation by what its next send proves, given the last observation of the campaign whose list was read.';
revoke all on function private.compare_next_send(braze_observations, braze_observations, timestamptz) from public, anon, authenticated, service_role;
grant execute on function private.compare_next_send(braze_observations, braze_observations, timestamptz) to service_role;
