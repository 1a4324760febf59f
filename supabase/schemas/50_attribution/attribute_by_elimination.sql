-- Attributes the remaining events to the one match whose count lacks them.

create function public.attribute_by_elimination(
  p_campaign_id text,
  p_first timestamptz,
  p_last timestamptz,
  p_events integer,
  p_ledger_id uuid,
  p_send_at timestamptz,
  p_candidate_count integer,
  p_function text,
  p_run_id uuid,
  p_now timestamptz,
  p_generation integer default null
)
returns integer
language plpgsql
volatile
security invoker
set search_path = ''
set jit = off
as $$
declare
  v_times timestamptz[];
  v_event_ids text[];
  v_lost_ids uuid[];
  v_match_id bigint := (select ledger.match_id from public.schedule_ledger as ledger where ledger.id = p_ledger_id);
begin
  -- Not beside whoever else judges events, nor an erasure: what is counted here is what is written below.
  perform pg_catalog.pg_advisory_xact_lock_shared(pg_catalog.hashtextextended('erase_user', 0));
  perform pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('judge_events', 0));

  select pg_catalog.array_agg(open.sent_at), pg_catalog.array_agg(open.event_id), pg_catalog.array_agg(distinct open.ledger_id)
  into v_times, v_event_ids, v_lost_ids
  from (
    select event.sent_at, event.event_id, event.ledger_id
    from public.notification_sends as event
    where event.sent_at between p_first and p_last
      and event.confidence in ('none', 'low')
      and event.correlation_method in ('tie', 'no_candidate', 'time_window')
      and event.channel = 'push' and event.event_type = 'send' and event.campaign_id = p_campaign_id
    order by event.sent_at, event.event_id
  ) as open;
  -- With one event more or less than counted, the elimination no longer holds.
  if coalesce(pg_catalog.cardinality(v_event_ids), 0) <> p_events then
    return 0;
  end if;

  update public.notification_sends as event
  set match_id = v_match_id,
    ledger_id = p_ledger_id,
    generation = p_generation,
    correlation_method = 'elimination',
    confidence = 'medium',
    timing = 'in_window',
    proof = case when p_generation is not null then 'push'::public.send_proof end,
    time_diff_ms = pg_catalog.round(1000 * extract(epoch from event.sent_at - p_send_at)),
    candidate_count = p_candidate_count,
    candidate_match_ids = null
  from rows from (pg_catalog.unnest(v_times), pg_catalog.unnest(v_event_ids)) as open (sent_at, event_id)
  where event.sent_at between p_first and p_last
    and event.sent_at = open.sent_at and event.event_id = open.event_id;

  insert into public.scheduler_logs (logged_at, function_name, action, reason, match_id, run_id, details)
  values (
    p_now, p_function, 'attribution_changed', 'What was left over became elimination (medium)', v_match_id, p_run_id,
    pg_catalog.jsonb_build_object(
      'match_id', v_match_id, 'events', p_events, 'first_sent_at', p_first, 'last_sent_at', p_last,
      'candidates', p_candidate_count
    )
  );
  if p_generation is not null then
    perform private.record_send_proof(
      pg_catalog.jsonb_build_array(pg_catalog.jsonb_build_object(
        'ledger_id', p_ledger_id, 'generation', p_generation, 'proof', 'push', 'timing', 'in_window', 'dispatch_id', null, 'send_id', null
      )),
      p_now
    );
  end if;
  -- The events with low confidence may have been tied to any of the candidates.
  perform private.mark_recount(v_lost_ids || p_ledger_id, p_now);
  return p_events;
end;
$$;

comment on function public.attribute_by_elimination(text, timestamptz, timestamptz, integer, uuid, timestamptz, integer, text, uuid, timestamptz, integer) is
  'Attributes the unattributed push Sends of [p_first, p_last] to one match, if there are still exactly p_events; returns how many.';
revoke all on function public.attribute_by_elimination(text, timestamptz, timestamptz, integer, uuid, timestamptz, integer, text, uuid, timestamptz, integer) from public, anon, authenticated, service_role;
grant execute on function public.attribute_by_elimination(text, timestamptz, timestamptz, integer, uuid, timestamptz, integer, text, uuid, timestamptz, integer) to service_role;
