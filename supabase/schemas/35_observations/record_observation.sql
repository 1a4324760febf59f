-- Stores one look at Braze, and what it changes: presence, absence, doubt, and the alerts about them.
--
-- The look is taken by one module and judged here, once, so that transitions are seen: running to stopped and back, showing
-- to empty. Nothing here creates or deletes a schedule in Braze.

create function private.doubt_schedules(
  p_campaign_id text,
  p_doubt text,
  p_created_until timestamptz,
  p_send_from timestamptz,
  p_send_before timestamptz,
  p_now timestamptz
)
returns void
language sql
volatile
security invoker
set search_path = ''
set jit = off
as $$
  update public.braze_schedules as schedule
  set doubt = p_doubt,
    doubted_at = case when schedule.doubt = p_doubt then schedule.doubted_at else p_now end,
    -- Nobody cancelled it by hand: what Braze dropped itself is not absent.
    absent_at = case p_doubt when 'campaign_restarted' then null else schedule.absent_at end
  from public.schedule_ledger as ledger
  where schedule.campaign_id = p_campaign_id and private.can_be_live(schedule.state)
    and ledger.id = schedule.ledger_id and ledger.generation = schedule.generation and ledger.status = 'pending'
    and schedule.created_at <= p_created_until
    and schedule.send_at_utc >= p_send_from and schedule.send_at_utc < p_send_before
    and (schedule.doubt is null or p_doubt = 'campaign_restarted');
$$;

comment on function private.doubt_schedules(text, text, timestamptz, timestamptz, timestamptz, timestamptz) is
  'Marks the pending schedules of a campaign that were created until a time and are due in [p_send_from, p_send_before) as in doubt.';
revoke all on function private.doubt_schedules(text, text, timestamptz, timestamptz, timestamptz, timestamptz) from public, anon, authenticated, service_role;
grant execute on function private.doubt_schedules(text, text, timestamptz, timestamptz, timestamptz, timestamptz) to service_role;

create function private.record_campaign(
  p_seen public.braze_observations,
  p_schedules jsonb,
  p_absences_max integer,
  p_absence_share_max numeric,
  p_now timestamptz
)
returns void
language plpgsql
volatile
security invoker
set search_path = ''
set jit = off
as $$
declare
  v_new public.braze_observations;
  v_last_read public.braze_observations;
  v_last_known public.braze_observations;
  v_state text;
begin
  select * into v_last_read
  from public.braze_observations as earlier
  where earlier.campaign_id = p_seen.campaign_id and earlier.listing_mode <> 'unavailable'
  order by earlier.began_at desc, earlier.id desc
  limit 1;
  select * into v_last_known
  from public.braze_observations as earlier
  where earlier.campaign_id = p_seen.campaign_id and earlier.campaign_state <> 'unknown'
  order by earlier.began_at desc, earlier.id desc
  limit 1;
  v_state := case p_seen.campaign_state when 'unknown' then v_last_known.campaign_state else p_seen.campaign_state end;
  v_new := private.compare_next_send(p_seen, v_last_read, p_now);

  if v_new.listing_mode = 'per_schedule' then
    perform private.record_listed(
      v_new, p_schedules, coalesce(v_state, 'running') = 'running', p_absences_max, p_absence_share_max, p_now
    );
  elsif v_new.listing_mode <> 'unavailable' then
    -- The last list does not show them.
    perform private.keep_listed_schedules(v_new.campaign_id, '[]', v_new.began_at);
  end if;
  if v_new.listing_mode in ('per_schedule', 'per_campaign') then
    -- The list shows something again. What it still lacks is judged as missing.
    update public.braze_schedules as schedule
    set doubt = null, doubted_at = null
    where schedule.campaign_id = v_new.campaign_id and schedule.doubt = 'list_empty';
  elsif v_new.listing_mode = 'empty' and coalesce(v_state, 'running') = 'running' then
    -- Of a list that showed each schedule, those that it showed; of one that showed the campaign, all of it.
    update public.braze_schedules as schedule
    set doubt = 'list_empty', doubted_at = p_now
    from public.schedule_ledger as ledger
    where schedule.campaign_id = v_new.campaign_id and schedule.state = 'live' and schedule.doubt is null
      and ledger.id = schedule.ledger_id and ledger.generation = schedule.generation and ledger.status = 'pending'
      and (schedule.listed_at is not null or v_last_read.listing_mode = 'per_campaign')
      and least(schedule.send_at_utc, schedule.moving_to_utc) > p_now
      and greatest(schedule.send_at_utc, schedule.moving_to_utc) <= v_new.covers_until
      and schedule.updated_at <= v_new.began_at - interval '5 minutes';
  end if;

  if v_new.next_send_agrees then
    update public.braze_schedules as schedule
    set doubt = null, doubted_at = null
    where schedule.campaign_id = v_new.campaign_id and schedule.doubt = 'next_send_later'
      and schedule.send_at_utc >= v_new.expected_next_send
      and schedule.send_at_utc < v_new.expected_next_send + interval '1 minute';
  elsif v_new.listed_next_send >= v_new.expected_next_send + interval '1 minute' and exists (
    select 1
    from public.braze_observations as earlier
    where earlier.campaign_id = v_new.campaign_id
      and not earlier.next_send_agrees and earlier.expected_next_send = v_new.expected_next_send
      and earlier.listed_next_send >= earlier.expected_next_send + interval '1 minute'
      and earlier.began_at <= v_new.began_at - interval '4 minutes'
      and not exists (
        select 1
        from public.braze_observations as between_them
        where between_them.campaign_id = v_new.campaign_id and between_them.next_send_agrees
          and between_them.began_at > earlier.began_at
      )
  ) then
    if v_new.next_send_is_trusted then
      perform private.doubt_schedules(
        v_new.campaign_id, 'next_send_later', v_new.began_at, v_new.expected_next_send,
        v_new.expected_next_send + interval '1 minute', p_now
      );
    end if;
    v_new.next_send_is_trusted := false;
    v_new.agreed_next_send := null;
  end if;

  -- Braze cancels what is queued when a campaign is stopped, and may not bring it back.
  if v_new.campaign_state = 'running' and v_last_known.campaign_state <> 'running' then
    perform private.doubt_schedules(
      v_new.campaign_id, 'campaign_restarted', v_last_known.began_at, p_now, 'infinity', p_now
    );
  end if;

  insert into public.braze_observations (
    run_id, campaign_id, began_at, covers_until, listing_mode, listed, listing_detail, listed_next_send,
    expected_next_send, next_send_agrees, agreed_next_send, next_send_is_trusted, unmanaged_send_expected,
    campaign_state, campaign_detail, send_gate
  )
  values (
    v_new.run_id, v_new.campaign_id, v_new.began_at, v_new.covers_until, v_new.listing_mode, v_new.listed,
    v_new.listing_detail, v_new.listed_next_send, v_new.expected_next_send, v_new.next_send_agrees,
    v_new.agreed_next_send, v_new.next_send_is_trusted, v_new.unmanaged_send_expected, v_new.campaign_state,
    v_new.campaign_detail, v_new.send_gate
  );
end;
$$;

comment on function private.record_campaign(braze_observations, jsonb, integer, numeric, timestamptz) is
  'Stores what one look has shown of one campaign, and marks its schedules as present, absent or in doubt.';
revoke all on function private.record_campaign(braze_observations, jsonb, integer, numeric, timestamptz) from public, anon, authenticated, service_role;
grant execute on function private.record_campaign(braze_observations, jsonb, integer, numeric, timestamptz) to service_role;

create function public.record_observation(
  p_observation jsonb,
  p_absences_max integer,
  p_absence_share_max numeric,
  p_run_id uuid,
  p_now timestamptz
)
returns jsonb
language plpgsql
volatile
security invoker
set search_path = ''
set jit = off
as $$
declare
  v_seen record;
begin
  -- Two looks at once take turns: each is compared with the one before.
  perform pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('record_observation', 0));
  if exists (select 1 from public.braze_observations as known where known.run_id = p_run_id) then
    return public.load_observation(p_now);
  end if;
  perform 1
  from public.schedule_ledger as ledger
  where exists (
    select 1
    from public.braze_schedules as schedule
    where schedule.ledger_id = ledger.id
      and (
        (private.can_be_live(schedule.state) and greatest(schedule.send_at_utc, schedule.moving_to_utc) > p_now)
        or schedule.absent_at is not null
      )
  )
  order by ledger.id
  for no key update;

  for v_seen in
    select *
    from pg_catalog.jsonb_to_recordset(p_observation -> 'campaigns') as campaign (
      campaign_id text, listing_mode text, listed integer, listed_next_send timestamptz,
      campaign_state text, campaign_detail text, send_gate text
    )
    order by campaign.campaign_id
  loop
    perform private.record_campaign(
      row(
        null, p_run_id, v_seen.campaign_id, (p_observation ->> 'began_at')::timestamptz,
        (p_observation ->> 'until')::timestamptz, v_seen.listing_mode, v_seen.listed,
        p_observation ->> 'listing_detail', v_seen.listed_next_send, null, null, null, false, false,
        v_seen.campaign_state, v_seen.campaign_detail, v_seen.send_gate
      )::public.braze_observations,
      coalesce((
        select pg_catalog.jsonb_agg(listed.entry)
        from pg_catalog.jsonb_array_elements(p_observation -> 'schedules') as listed (entry)
        where listed.entry ->> 'campaign_id' = v_seen.campaign_id
      ), '[]'),
      p_absences_max, p_absence_share_max, p_now
    );
  end loop;
  perform private.judge_observations(p_now);
  perform private.judge_unmanaged(p_now);
  return public.load_observation(p_now);
end;
$$;

comment on function public.record_observation(jsonb, integer, numeric, uuid, timestamptz) is
  'Stores one look {began_at, until, listing_detail, campaigns, schedules} and its consequences, raises and resolves the alerts about it, and answers as load_observation.';
revoke all on function public.record_observation(jsonb, integer, numeric, uuid, timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.record_observation(jsonb, integer, numeric, uuid, timestamptz) to service_role;
