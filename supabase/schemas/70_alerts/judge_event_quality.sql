-- Whether the events that arrive are good enough to trust what is derived from them.

create function private.judge_confidence(p_low_confidence_share_max numeric, p_now timestamptz)
returns jsonb
language plpgsql
stable
security invoker
set search_path = ''
set jit = off
set plan_cache_mode = 'force_custom_plan'
as $$
declare
  v_from timestamptz := p_now - interval '2 hours';
  v_unattributed bigint;
begin
  -- Only Sends: an opening without an id has no usable time. Imported and replayed events do not show how events come now.
  select count(*) into v_unattributed
  from public.notification_sends as event
  where event.confidence = 'none' and event.correlation_method not in ('other_campaign', 'test_send')
    and event.sent_at > v_from and event.sent_at <= p_now
    and event.channel = 'push' and event.event_type = 'send';

  return (
    with attributed as (
      select coalesce(sum(counted.push_sends), 0) as sure, coalesce(sum(counted.low_push_sends), 0) as low
      from public.schedule_ledger as ledger
      join public.match_counts as counted on counted.ledger_id = ledger.id
      where ledger.send_at_utc > v_from and ledger.send_at_utc <= p_now
    ),
    numbers as (
      select
        attributed.sure + attributed.low + v_unattributed as sends, attributed.low, settings.unattributed_share_max
      from attributed, private.settings as settings
    ),
    bad (fingerprint, rule, title, details) as (
      select
        'low_confidence_share:push', 'low_confidence_share',
        private.count_text(numbers.low) || ' of ' || private.count_text(numbers.sends) || ' pushes of the last 2 hours are tied to a match with low confidence ('
          || pg_catalog.round(100.0 * numbers.low / numbers.sends) || '%)',
        pg_catalog.jsonb_build_object(
          'sends', numbers.sends, 'low', numbers.low,
          'share', pg_catalog.round(numbers.low::numeric / numbers.sends, 4), 'share_max', p_low_confidence_share_max
        )
      from numbers
      where numbers.sends >= 100 and numbers.low > p_low_confidence_share_max * numbers.sends
      union all
      select
        'unattributed_share:push', 'unattributed_share',
        private.count_text(v_unattributed) || ' of ' || private.count_text(numbers.sends) || ' pushes of the last 2 hours have no match ('
          || pg_catalog.round(100.0 * v_unattributed / numbers.sends) || '%)',
        pg_catalog.jsonb_build_object(
          'sends', numbers.sends, 'unattributed', v_unattributed,
          'share', pg_catalog.round(v_unattributed::numeric / numbers.sends, 4), 'share_max', numbers.unattributed_share_max
        )
      from numbers
      where numbers.sends >= 100 and v_unattributed > numbers.unattributed_share_max * numbers.sends
    )
    select coalesce(pg_catalog.jsonb_agg(
      pg_catalog.to_jsonb(bad) || jsonb '{"severity": "warning", "audience": "admin", "match_id": null}' order by bad.rule
    ), '[]')
    from bad
  );
end;
$$;

comment on function private.judge_confidence(numeric, timestamptz) is
  'Alerts low_confidence_share and unattributed_share, when too many of at least 100 pushes sent in the last 2 hours have low confidence or no match.';
revoke all on function private.judge_confidence(numeric, timestamptz) from public, anon, authenticated, service_role;
grant execute on function private.judge_confidence(numeric, timestamptz) to service_role;

create function private.count_open_sends(p_hours timestamptz[])
returns jsonb
language plpgsql
stable
security invoker
set search_path = ''
set jit = off
-- With the times known to the planner it looks at their partitions alone: a variable is known to it, a sum of times is not.
set plan_cache_mode = 'force_custom_plan'
as $$
declare
  v_sets jsonb := jsonb '[]';
  v_hour timestamptz;
  v_hour_end timestamptz;
begin
  foreach v_hour in array p_hours loop
    v_hour_end := v_hour + interval '1 hour';
    v_sets := v_sets || coalesce((
      select pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('candidates', bad.candidate_match_ids, 'events', bad.events))
      from (
        select open.candidate_match_ids, sum(open.events) as events
        from (
          select event.candidate_match_ids, count(*) as events
          from public.notification_sends as event
          where event.confidence = 'none' and event.correlation_method not in ('other_campaign', 'test_send')
            and event.sent_at >= v_hour and event.sent_at < v_hour_end
            and event.channel = 'push' and event.event_type = 'send'
          group by event.candidate_match_ids
          union all
          select event.candidate_match_ids, count(*)
          from public.notification_sends as event
          where event.confidence = 'low' and event.correlation_method in ('time_exact', 'time_window')
            and event.sent_at >= v_hour and event.sent_at < v_hour_end
            and event.channel = 'push' and event.event_type = 'send'
          group by event.candidate_match_ids
        ) as open
        where pg_catalog.cardinality(open.candidate_match_ids) > 0
        group by open.candidate_match_ids
      ) as bad
    ), '[]');
  end loop;
  return v_sets;
end;
$$;

comment on function private.count_open_sends(timestamptz[]) is
  'Push Sends of these hours that have no certain match, as [{candidates: match ids, events}], by the matches that they may belong to.';
revoke all on function private.count_open_sends(timestamptz[]) from public, anon, authenticated, service_role;
grant execute on function private.count_open_sends(timestamptz[]) to service_role;

-- Events that cannot be told apart are judged together: what Braze counts for all the matches that they may belong to,
-- against the events of those matches and the open ones. One match alone would never lack any.
create function private.judge_missing_webhooks(p_now timestamptz)
returns jsonb
language plpgsql
stable
security invoker
set search_path = ''
set jit = off
as $$
declare
  v_enough_share numeric := (select 1 - settings.missing_events_share_max from private.settings as settings);
  v_judged jsonb;
  v_hours timestamptz[];
begin
  select pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
    'match_id', counted.match_id, 'send_at', counted.send_at, 'reported', counted.reported, 'events', counted.events
  ))
  into v_judged
  from (
    select
      ledger.match_id, max(ledger.send_at_utc) as send_at, sum(ledger.braze_reported_count) as reported,
      sum(coalesce(numbers.push_sends, 0)) as events
    from public.schedule_ledger as ledger
    left join (
      select kept.ledger_id, sum(kept.push_sends) as push_sends
      from public.match_counts as kept
      group by kept.ledger_id
    ) as numbers on numbers.ledger_id = ledger.id
    where ledger.braze_reported_count > 0
      and (
        -- Currents come up to half an hour late on quiet days.
        (ledger.send_at_utc > p_now - interval '24 hours' and ledger.send_at_utc <= p_now - interval '1 hour')
        -- Yesterday's missing events stay missing until they arrive or a person closes the alert.
        or exists (
          select 1
          from public.alerts as open
          where open.rule = 'missing_webhooks' and open.resolved_at is null
            and (open.match_id = ledger.match_id or open.details -> 'match_ids' @> pg_catalog.to_jsonb(ledger.match_id))
        )
      )
    group by ledger.match_id
  ) as counted;

  select coalesce(pg_catalog.array_agg(distinct hours.hour), '{}') into v_hours
  from pg_catalog.jsonb_to_recordset(v_judged) as judged (send_at timestamptz, reported numeric, events numeric)
  cross join lateral pg_catalog.generate_series(
    pg_catalog.date_trunc('hour', judged.send_at - interval '10 minutes', 'UTC'), judged.send_at + interval '2 hours', interval '1 hour'
  ) as hours (hour)
  where judged.events < v_enough_share * judged.reported;

  return (
    with recursive judged as materialized (
      select told.* from pg_catalog.jsonb_to_recordset(v_judged)
        as told (match_id bigint, send_at timestamptz, reported numeric, events numeric)
    ),
    lacking as (
      select judged.match_id from judged where judged.events < v_enough_share * judged.reported
    ),
    sets as materialized (
      select told.candidates, told.events
      from pg_catalog.jsonb_to_recordset(private.count_open_sends(v_hours)) as told (candidates bigint[], events numeric)
    ),
    edges as materialized (
      select distinct sets.candidates[1] as one, other.match_id as another
      from sets
      cross join lateral pg_catalog.unnest(sets.candidates) as other (match_id)
    ),
    reached (root, match_id) as (
      select lacking.match_id, lacking.match_id from lacking
      union
      select reached.root, case when edges.one = reached.match_id then edges.another else edges.one end
      from reached
      join edges on edges.one = reached.match_id or edges.another = reached.match_id
    ),
    members as materialized (
      select reached.root, pg_catalog.array_agg(reached.match_id order by reached.match_id) as match_ids
      from reached
      group by reached.root
    ),
    alone as materialized (
      select judged.match_id, judged.send_at, judged.reported, judged.events, coalesce(possible.events, 0) as possible
      from lacking
      join judged using (match_id)
      cross join lateral (
        select sum(sets.events) as events from sets where judged.match_id = any (sets.candidates)
      ) as possible
    ),
    bad (fingerprint, match_id, match_ids, send_at, reported, events, possible) as (
      select 'missing_webhooks:' || alone.match_id, alone.match_id, array[alone.match_id], alone.send_at, alone.reported, alone.events, alone.possible
      from alone
      where alone.events + alone.possible < v_enough_share * alone.reported
      union all
      select
        'missing_webhooks:' || pg_catalog.array_to_string(together.match_ids, ','), null, together.match_ids, together.send_at,
        together.reported, together.events, together.possible
      from (
        select
          groups.match_ids, counted.send_at, counted.reported, counted.events,
          (select coalesce(sum(sets.events), 0) from sets where sets.candidates <@ groups.match_ids) as possible
        from (select distinct members.match_ids from members where pg_catalog.cardinality(members.match_ids) > 1) as groups
        cross join lateral (
          select max(judged.send_at) as send_at, sum(judged.reported) as reported, sum(judged.events) as events, count(*) as matches
          from judged
          where judged.match_id = any (groups.match_ids)
        ) as counted
        -- Without Braze's count for one of them there is no sum.
        where counted.matches = pg_catalog.cardinality(groups.match_ids)
          and not exists (
            select 1 from alone
            where alone.match_id = any (groups.match_ids) and alone.events + alone.possible < v_enough_share * alone.reported
          )
      ) as together
      where together.events + together.possible < v_enough_share * together.reported
    )
    select coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
      'fingerprint', bad.fingerprint,
      'rule', 'missing_webhooks',
      'severity', case when bad.events + bad.possible < 0.5 * bad.reported then 'critical' else 'warning' end,
      'audience', 'admin',
      'title', (
          select pg_catalog.string_agg(private.match_title(one.match_id), ', ' order by one.match_id)
          from pg_catalog.unnest(bad.match_ids) as one (match_id)
        ) || ': Braze counts ' || private.counted_text(bad.reported::bigint, 'push', 'pushes')
        || case when bad.match_id is null then ' together' else '' end || ', events arrived for '
        || case when bad.match_id is null or bad.possible = 0 then '' else 'at most ' end || private.count_text(bad.events + bad.possible),
      'details', pg_catalog.jsonb_build_object(
        'braze_reported', bad.reported, 'events', bad.events, 'perhaps', bad.possible,
        'delta_share', pg_catalog.round(1 - (bad.events + bad.possible) / bad.reported, 4), 'send_at', bad.send_at
      ) || case when bad.match_id is null then pg_catalog.jsonb_build_object('match_ids', bad.match_ids) else jsonb '{}' end,
      'match_id', bad.match_id
    ) order by bad.match_ids), '[]')
    from bad
  );
end;
$$;

comment on function private.judge_missing_webhooks(timestamptz) is
  'Alert missing_webhooks for each match of the last 24 hours where more than settings.missing_events_share_max of Braze''s count is missing among our events; for matches whose events cannot be told apart, one for all of them.';
revoke all on function private.judge_missing_webhooks(timestamptz) from public, anon, authenticated, service_role;
grant execute on function private.judge_missing_webhooks(timestamptz) to service_role;

create function private.judge_contradictions(p_now timestamptz)
returns jsonb
language plpgsql
stable
security invoker
set search_path = ''
set jit = off
set plan_cache_mode = 'force_custom_plan'
as $$
begin
  return (
    with contradicting as materialized (
      select event.candidate_match_ids, count(*) as events, min(event.sent_at) as first_sent_at, max(event.sent_at) as last_sent_at
      from public.notification_sends as event
      where event.confidence = 'none' and event.correlation_method not in ('other_campaign', 'test_send')
        and event.correlation_method = 'contradiction'
        -- Events may arrive days late.
        and event.sent_at > p_now - interval '10 days' and event.received_at > p_now - interval '24 hours'
      group by event.candidate_match_ids
    )
    select coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
      'fingerprint', 'contradicting_evidence:' || pg_catalog.array_to_string(candidate_match_ids, ','),
      'rule', 'contradicting_evidence',
      'severity', 'warning',
      'audience', 'engineering',
      'title', private.counted_text(events, 'event names', 'events name')
        || case pg_catalog.cardinality(candidate_match_ids)
          when 1 then ' a campaign that was never used for '
          else ' several matches at once: '
        end
        || (
          select pg_catalog.string_agg(private.match_title(candidate.match_id), ', ' order by candidate.match_id)
          from pg_catalog.unnest(candidate_match_ids) as candidate (match_id)
        ),
      'details', pg_catalog.jsonb_build_object(
        'events', events, 'candidate_match_ids', candidate_match_ids, 'first_sent_at', first_sent_at, 'last_sent_at', last_sent_at
      ),
      'match_id', null
    ) order by candidate_match_ids), '[]')
    from contradicting
  );
end;
$$;

comment on function private.judge_contradictions(timestamptz) is
  'Alert contradicting_evidence for each set of matches that events received in the last 24 hours name together.';
revoke all on function private.judge_contradictions(timestamptz) from public, anon, authenticated, service_role;
grant execute on function private.judge_contradictions(timestamptz) to service_role;

create function public.judge_event_quality(p_low_confidence_share_max numeric, p_now timestamptz)
returns jsonb
language sql
stable
security invoker
set search_path = ''
set jit = off
as $$
  select private.judge_confidence(p_low_confidence_share_max, p_now) || private.judge_missing_webhooks(p_now)
    || private.judge_contradictions(p_now);
$$;

comment on function public.judge_event_quality(numeric, timestamptz) is
  'The current alerts of low_confidence_share, unattributed_share, missing_webhooks and contradicting_evidence, for sync_alerts.';
revoke all on function public.judge_event_quality(numeric, timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.judge_event_quality(numeric, timestamptz) to service_role;
