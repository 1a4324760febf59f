-- Whether the events that arrive are good enough to trust what is derived from them.

create function private.judge_confidence(p_low_confidence_share_max numeric, p_now timestamptz)
returns jsonb
language sql
stable
security invoker
set search_path = ''
as $$
  with counted as (
    select
      count(*) as events,
      count(*) filter (where event.confidence = 'low') as low,
      count(*) filter (where event.confidence = 'none') as unattributed
    from public.notification_sends as event
    where event.received_at > p_now - interval '2 hours'
      and event.received_at <= p_now
      -- Imported and replayed events do not show how events arrive now.
      and event.sent_at > p_now - interval '26 hours'
      and event.channel = 'push'
      and event.correlation_method not in ('other_campaign', 'test_send')
      -- An opening without an id has no usable time.
      and not (
        event.event_type like '%open'
        and event.confidence in ('none', 'low')
        and event.dispatch_id is null and event.send_id is null and event.braze_schedule_id is null
      )
  )
  select coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
    'fingerprint', 'low_confidence_share:push',
    'rule', 'low_confidence_share',
    'severity', 'warning',
    'audience', 'admin',
    'title', (low + unattributed) || ' of ' || events || ' push events of the last 2 hours have no match or low confidence ('
      || pg_catalog.round(100.0 * (low + unattributed) / events) || '%)',
    'details', pg_catalog.jsonb_build_object(
      'events', events, 'low', low, 'unattributed', unattributed,
      'share', pg_catalog.round((low + unattributed)::numeric / events, 4), 'share_max', p_low_confidence_share_max
    ),
    'match_id', null
  )), '[]')
  from counted
  -- Too few events show no trend.
  where events >= 100 and low + unattributed > p_low_confidence_share_max * events;
$$;

comment on function private.judge_confidence(numeric, timestamptz) is
  'Alert low_confidence_share, when too many of at least 100 push events of the last 2 hours are low or unattributed.';
revoke all on function private.judge_confidence(numeric, timestamptz) from public, anon, authenticated, service_role;
grant execute on function private.judge_confidence(numeric, timestamptz) to service_role;

create function private.judge_missing_webhooks(p_now timestamptz)
returns jsonb
language sql
stable
security invoker
set search_path = ''
as $$
  with judged as (
    select ledger.id, ledger.match_id, ledger.send_at_utc, ledger.braze_reported_count as reported,
      (1 - settings.missing_events_share_max) * ledger.braze_reported_count as enough
    from public.schedule_ledger as ledger
    cross join private.settings as settings
    where ledger.braze_reported_count > 0
      and (
        -- Currents come up to half an hour late on quiet days.
        (ledger.send_at_utc > p_now - interval '24 hours' and ledger.send_at_utc <= p_now - interval '1 hour')
        -- Yesterday's missing events stay missing until they arrive or a person closes the alert.
        or exists (
          select 1
          from public.alerts as open
          where open.fingerprint = 'missing_webhooks:' || ledger.match_id and open.resolved_at is null
        )
      )
  ),
  compared as (
    select judged.*, attributed.events, possible.events as possible
    from judged
    cross join lateral (
      select count(*) as events
      from public.notification_sends as event
      where event.ledger_id = judged.id
        and event.sent_at >= judged.send_at_utc - interval '1 day'
        and event.sent_at < judged.send_at_utc + interval '2 days'
        and event.channel = 'push' and event.event_type = 'send'
    ) as attributed
    -- Unattributed events that may belong to this match. Read only where events are missing.
    cross join lateral (
      select count(*) as events
      from public.notification_sends as event
      where attributed.events < judged.enough
        and event.sent_at >= judged.send_at_utc - interval '10 minutes'
        and event.sent_at < judged.send_at_utc + interval '2 hours'
        and event.channel = 'push' and event.event_type = 'send'
        and event.ledger_id is distinct from judged.id
        and event.candidate_match_ids @> array[judged.match_id]
    ) as possible
  )
  select coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
    'fingerprint', 'missing_webhooks:' || match_id,
    'rule', 'missing_webhooks',
    'severity', case when events + possible < 0.5 * reported then 'critical' else 'warning' end,
    'audience', 'admin',
    'title', private.match_title(match_id) || ': Braze counts ' || reported || ' pushes, events arrived for '
      || case when possible = 0 then '' else 'at most ' end || (events + possible),
    'details', pg_catalog.jsonb_build_object(
      'braze_reported', reported, 'events', events, 'perhaps', possible,
      'delta_share', pg_catalog.round(1 - (events + possible)::numeric / reported, 4), 'send_at', send_at_utc
    ),
    'match_id', match_id
  ) order by match_id), '[]')
  from compared
  where events + possible < enough;
$$;

comment on function private.judge_missing_webhooks(timestamptz) is
  'Alert missing_webhooks for each match of the last 24 hours where more than settings.missing_events_share_max of Braze''s count is missing among our events.';
revoke all on function private.judge_missing_webhooks(timestamptz) from public, anon, authenticated, service_role;
grant execute on function private.judge_missing_webhooks(timestamptz) to service_role;

create function private.judge_contradictions(p_now timestamptz)
returns jsonb
language sql
stable
security invoker
set search_path = ''
as $$
  with contradicting as (
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
    'title', events || case events when 1 then ' event names' else ' events name' end
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
  from contradicting;
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
as $$
  select private.judge_confidence(p_low_confidence_share_max, p_now) || private.judge_missing_webhooks(p_now)
    || private.judge_contradictions(p_now);
$$;

comment on function public.judge_event_quality(numeric, timestamptz) is
  'The current alerts of low_confidence_share, missing_webhooks and contradicting_evidence, for sync_alerts.';
revoke all on function public.judge_event_quality(numeric, timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.judge_event_quality(numeric, timestamptz) to service_role;
