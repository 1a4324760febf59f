-- The first proof that a schedule went out turns its ledger row to sent.
--
-- 25,000 events of one match arrive one by one: only the first proof writes, the others read. A send that was not wanted
-- raises its alert in the same transaction. It is seen only once, by the first event that proves it: an alert raised
-- afterwards by the function would be lost with a function that crashes in between. What it changes is kept beside, since
-- revoke_send_proof may have to restore it.

create function private.record_send_proof(p_proofs jsonb, p_now timestamptz)
returns void
language plpgsql
volatile
security invoker
set search_path = ''
set jit = off
as $$
declare
  v_news jsonb;
  -- Used in each statement below: a join with jsonb alone would read whole tables.
  v_ledger_ids uuid[];
  v_cancelled_ids uuid[];
  v_alerts jsonb;
begin
  select
    pg_catalog.jsonb_agg(pg_catalog.to_jsonb(news) order by news.ledger_id, news.generation),
    pg_catalog.array_agg(distinct news.ledger_id)
  into v_news, v_ledger_ids
  from (
    select
      proof.ledger_id,
      -- null: some schedule of the match was sent, it is not known which.
      proof.generation,
      -- 'push' sorts before 'webhook' and proves more.
      min(proof.proof) as proof,
      pg_catalog.bool_or(proof.timing = 'moved_away') as moved_away,
      min(proof.dispatch_id) as dispatch_id,
      min(proof.send_id) as send_id
    from pg_catalog.jsonb_to_recordset(p_proofs) as proof (
      ledger_id uuid, generation integer, proof text, timing text, dispatch_id text, send_id text
    )
    group by proof.ledger_id, proof.generation
  ) as news
  left join lateral (
    select schedule.first_event_at
    from public.braze_schedules as schedule
    where schedule.ledger_id = news.ledger_id and schedule.generation = news.generation
    limit 1
  ) as schedule on true
  cross join lateral (
    select ledger.generation, ledger.match_id, ledger.status, ledger.sent_evidence
    from public.schedule_ledger as ledger
    where ledger.id = news.ledger_id
    limit 1
  ) as ledger
  where (news.generation is not null and schedule.first_event_at is null)
    or (
      coalesce(news.generation, ledger.generation) = ledger.generation
      and (ledger.status <> 'sent' or (ledger.sent_evidence = 'webhook' and news.proof = 'push'))
    )
    or (news.moved_away and not exists (
      select 1
      from public.alerts as known
      where known.fingerprint = 'unexpected_send:' || ledger.match_id || ':' || news.generation
    ));
  if v_news is null then
    return;
  end if;

  -- Ledger rows first and in key order, as every writer does; `no key`, so that foreign keys to them need not wait.
  perform 1
  from public.schedule_ledger as ledger
  where ledger.id = any (v_ledger_ids)
  order by ledger.id
  for no key update;
  v_cancelled_ids := array(
    select ledger.id from public.schedule_ledger as ledger
    where ledger.id = any (v_ledger_ids) and ledger.status = 'cancelled'
  );

  update public.schedule_ledger as ledger
  set status = 'sent',
    cancel_reason_before_proof = coalesce(ledger.cancel_reason, ledger.cancel_reason_before_proof),
    cancel_reason = null,
    sent_confirmed_at = coalesce(ledger.sent_confirmed_at, p_now),
    sent_evidence = news.proof,
    dispatch_id = coalesce(ledger.dispatch_id, news.dispatch_id),
    send_id = coalesce(ledger.send_id, news.send_id),
    updated_at = p_now
  from (
    select told.id, min(news.proof) as proof, min(news.dispatch_id) as dispatch_id, min(news.send_id) as send_id
    from pg_catalog.jsonb_to_recordset(v_news) as news (
      ledger_id uuid, generation integer, proof text, dispatch_id text, send_id text
    )
    join public.schedule_ledger as told on told.id = news.ledger_id
    where told.id = any (v_ledger_ids) and told.generation = coalesce(news.generation, told.generation)
    group by told.id
  ) as news
  where ledger.id = news.id
    and (ledger.status <> 'sent' or (ledger.sent_evidence = 'webhook' and news.proof = 'push'));

  -- This proves the create whose answer was lost.
  update public.schedule_attempts as attempt
  set resolved_at = p_now, resolved_as = 'proved_by_events'
  from pg_catalog.jsonb_to_recordset(v_news) as news (ledger_id uuid, generation integer)
  where attempt.ledger_id = any (v_ledger_ids) and attempt.ledger_id = news.ledger_id and attempt.generation = news.generation
    and attempt.kind = 'create' and attempt.outcome = 'unknown' and attempt.resolved_at is null;

  with before as (
    select
      schedule.ledger_id, schedule.generation, coalesce(schedule.state_before_proof, schedule.state) as state, news.moved_away
    from pg_catalog.jsonb_to_recordset(v_news) as news (ledger_id uuid, generation integer, moved_away boolean)
    join public.braze_schedules as schedule using (ledger_id, generation)
    where schedule.ledger_id = any (v_ledger_ids) and (schedule.first_event_at is null or news.moved_away)
  ),
  seen as (
    update public.braze_schedules as schedule
    set first_event_at = coalesce(schedule.first_event_at, p_now),
      state_before_proof = coalesce(schedule.state_before_proof, schedule.state),
      -- Before the answer of its create it has no schedule id yet; apply_outcome respects `completed`.
      state = 'completed',
      updated_at = p_now
    from before
    where schedule.ledger_id = any (v_ledger_ids)
      and schedule.ledger_id = before.ledger_id and schedule.generation = before.generation
    returning schedule.ledger_id, schedule.generation, before.state as state_before, before.moved_away
  )
  select pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
    'fingerprint', 'unexpected_send:' || ledger.match_id || ':' || seen.generation,
    'rule', 'unexpected_send',
    'severity', 'critical',
    'audience', 'admin',
    'title', private.match_title(ledger.match_id) || ': '
      || case
        when seen.generation > ledger.generation then 'a schedule was sent whose create had no answer'
        when seen.generation <> ledger.generation then 'an old schedule was sent'
        when deletion.is_confirmed then 'sent although Braze had confirmed its delete'
        when seen.state_before = 'deleting' then 'sent before its delete was confirmed'
        when seen.state_before = 'deleted' then 'sent although it was taken for gone'
        when seen.moved_away then 'sent at a time from which it had been moved away'
        else 'sent although it was cancelled'
      end
      || ' (schedule ' || seen.generation || ')',
    'details', pg_catalog.jsonb_build_object(
      'generation', seen.generation,
      'current_generation', ledger.generation,
      'state_before', seen.state_before,
      'delete_confirmed', deletion.is_confirmed
    ),
    'match_id', ledger.match_id
  ) order by ledger.match_id, seen.generation)
  into v_alerts
  from seen
  join public.schedule_ledger as ledger on ledger.id = seen.ledger_id
  cross join lateral (
    select seen.state_before = 'deleted' and exists (
      select 1 from public.schedule_attempts as attempt
      where attempt.ledger_id = seen.ledger_id and attempt.generation = seen.generation
        and attempt.kind = 'delete' and attempt.outcome = 'succeeded'
    ) as is_confirmed
  ) as deletion
  where ledger.id = any (v_ledger_ids)
    and (seen.generation <> ledger.generation
      or seen.state_before in ('deleted', 'deleting')
      or seen.moved_away
      or ledger.id = any (v_cancelled_ids));

  if v_alerts is not null then
    perform public.raise_alerts(v_alerts, p_now);
  end if;
end;
$$;

comment on function private.record_send_proof(jsonb, timestamptz) is
  'Takes [{ledger_id, generation or null, proof: push | webhook, timing, dispatch_id, send_id}]; raises an alert for each send that was not wanted.';
revoke all on function private.record_send_proof(jsonb, timestamptz) from public, anon, authenticated, service_role;
grant execute on function private.record_send_proof(jsonb, timestamptz) to service_role;
