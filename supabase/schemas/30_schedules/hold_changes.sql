-- Records which removals and remakes a run of the scheduler holds back.
--
-- A hold ends when the change is carried out or is wanted no more. While the push may be going out it stays, since the
-- send gate reads it.

create function public.hold_changes(
  p_run_id uuid,
  p_lease_seconds integer,
  p_removals bigint[],
  p_remakes bigint[],
  p_is_gated boolean,
  p_now timestamptz,
  p_match_ids bigint[] default null
)
returns jsonb
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  v_unwanted jsonb;
  -- What was due since the last run that looked, however long ago that was; an hour covers a run that died.
  v_due_from timestamptz := greatest(p_now - interval '1 day', least(p_now - interval '1 hour', (
    select max(run.started_at)
    from public.job_runs as run
    where run.function_name = 'braze-scheduler' and run.outcome in ('succeeded', 'partial') and not run.dry_run
      and run.called_at > p_now - interval '1 day' and run.called_at <= p_now
  )));
begin
  perform private.hold_lease(p_run_id, p_lease_seconds, p_now);

  insert into private.held_changes as held (ledger_id, match_id, kind, held_at)
  select ledger.id, ledger.match_id, case when ledger.match_id = any (p_removals) then 'removal' else 'remake' end, p_now
  from public.schedule_ledger as ledger
  where ledger.match_id = any (p_removals || p_remakes) and ledger.replaced_at is null
  order by ledger.id
  on conflict (ledger_id) do update
  -- Another kind of change is another question.
  set kind = excluded.kind, held_at = excluded.held_at, confirmed_at = null, told_at = null
  where held.kind <> excluded.kind;

  -- Called off after the last run and before the send: no run could take it off. Behind the gate it aborted, unless too
  -- many were called off at once.
  insert into private.held_changes (ledger_id, match_id, kind, held_at)
  select ledger.id, ledger.match_id, 'removal', p_now
  from public.schedule_ledger as ledger
  join public.matches as match on match.id = ledger.match_id
  where ledger.status <> 'cancelled' and ledger.replaced_at is null
    and ledger.send_at_utc > v_due_from and ledger.send_at_utc <= p_now
    and (match.status <> 'scheduled' or not match.push)
    and (
      select changed.changed_at < ledger.send_at_utc
      from public.match_changes as changed
      where changed.match_id = ledger.match_id and changed.changes ?| array['status', 'push']
      order by changed.id desc
      limit 1
    )
    and (not p_is_gated or private.has_too_many_removals(ledger.send_at_utc))
  order by ledger.id
  on conflict (ledger_id) do nothing;

  with passed as (
    update private.held_changes as held
    set told_at = p_now
    from public.schedule_ledger as ledger, public.matches as match
    where ledger.id = held.ledger_id and match.id = held.match_id
      and held.kind = 'removal' and held.confirmed_at is null and held.told_at is null
      and ledger.send_at_utc <= p_now and ledger.status <> 'cancelled'
      and (match.status <> 'scheduled' or not match.push)
    returning match.id, match.status, match.push, ledger.generation, ledger.send_at_utc, held.held_at
  )
  select coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
    'fingerprint', 'push_unwanted:' || passed.id || ':' || passed.generation,
    'rule', 'push_unwanted',
    'severity', 'critical',
    'audience', 'admin',
    'title', private.match_title(passed.id) || ': its push went out although '
      || case when passed.push then 'the match is ' || passed.status else 'no push was wanted' end
      || case
        when passed.held_at < passed.send_at_utc then '; its removal was held, and nobody confirmed it'
        else '; that was said too late to take it off'
      end,
    'details', pg_catalog.jsonb_build_object(
      'send_at', passed.send_at_utc, 'held_since', passed.held_at, 'generation', passed.generation
    ),
    'match_id', passed.id
  )), '[]')
  into v_unwanted
  from passed;
  -- In this transaction: it is told once, and a run that dies afterwards does not lose it.
  perform public.raise_alerts(v_unwanted, p_now);

  -- Last, since a run after a long outage still tells what went out.
  delete from private.held_changes as held
  using public.schedule_ledger as ledger, public.matches as match
  where ledger.id = held.ledger_id and match.id = held.match_id
    and (p_match_ids is null or held.match_id = any (p_match_ids))
    and held.match_id <> all (p_removals) and held.match_id <> all (p_remakes)
    and (
      held.kind = 'remake' or ledger.send_at_utc > p_now or not private.can_still_send(ledger.send_at_utc, null, p_now)
      or (match.status = 'scheduled' and match.push)
    );

  return pg_catalog.jsonb_build_object('unwanted', pg_catalog.jsonb_array_length(v_unwanted));
end;
$$;

comment on function public.hold_changes(uuid, integer, bigint[], bigint[], boolean, timestamptz, bigint[]) is
  'Holds the removals and remakes of these matches, ends other holds of p_match_ids (null: of all), and raises push_unwanted for pushes that went out although their match was off; returns {unwanted}.';
revoke all on function public.hold_changes(uuid, integer, bigint[], bigint[], boolean, timestamptz, bigint[]) from public, anon, authenticated, service_role;
grant execute on function public.hold_changes(uuid, integer, bigint[], bigint[], boolean, timestamptz, bigint[]) to service_role;
