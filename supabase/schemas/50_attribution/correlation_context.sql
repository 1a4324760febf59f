-- What is known of the identifiers, echoes, campaigns and times of a batch of events.
--
-- Only facts: the policy (which evidence wins, with what confidence) is in the correlation module.

create function private.ledger_facts(p_ledger_ids uuid[])
returns jsonb
language sql
stable
security invoker
set search_path = ''
set jit = off
as $$
  select coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
    'ledger_id', ledger.id,
    'match_id', ledger.match_id,
    'intent', ledger.intent,
    'generation', ledger.generation,
    'schedules', (
      select coalesce(pg_catalog.jsonb_agg(
        pg_catalog.jsonb_build_object(
          'generation', schedule.generation,
          'campaign_id', schedule.campaign_id,
          -- A verdict must not depend on other verdicts.
          'state', coalesce(schedule.state_before_proof, schedule.state),
          'send_at', schedule.send_at_utc,
          'moving_to', schedule.moving_to_utc,
          -- A create that was given up was not deleted: it may be sent.
          'deleted_at', case
            when not exists (
              select 1
              from public.schedule_attempts as attempt
              where attempt.ledger_id = schedule.ledger_id and attempt.generation = schedule.generation
                and attempt.kind = 'create' and attempt.resolved_as = 'released'
            ) then schedule.deleted_at
          end,
          'shut_out_at', schedule.shut_out_at,
          'times', (
            select pg_catalog.jsonb_agg(
              pg_catalog.jsonb_build_object('at', known.send_at_utc, 'left_at', known.left_at) order by known.send_at_utc
            )
            from private.schedule_times as known
            where known.ledger_id = schedule.ledger_id and known.generation = schedule.generation
          )
        )
        order by schedule.generation
      ), '[]')
      from public.braze_schedules as schedule
      where schedule.ledger_id = ledger.id
    )
  )), '[]')
  from (select distinct wanted.ledger_id from pg_catalog.unnest(p_ledger_ids) as wanted (ledger_id)) as wanted
  join public.schedule_ledger as ledger on ledger.id = wanted.ledger_id;
$$;

comment on function private.ledger_facts(uuid[]) is 'Ledger rows with all their generations, and all times of each.';
revoke all on function private.ledger_facts(uuid[]) from public, anon, authenticated, service_role;
grant execute on function private.ledger_facts(uuid[]) to service_role;

create function public.correlation_context(
  p_ledger_ids uuid[],
  p_match_ids bigint[],
  p_attempt_ids uuid[],
  p_campaign_ids text[],
  p_identifiers jsonb,
  p_times timestamptz[],
  p_guard_seconds integer
)
returns jsonb
language plpgsql
stable
security invoker
set search_path = ''
set jit = off
as $$
declare
  v_guard interval := pg_catalog.make_interval(secs => p_guard_seconds);
  v_identifiers jsonb;
  v_ledger_ids uuid[];
begin
  -- Lateral look-ups: a plain join would read the whole registry, since 100 rows are assumed of any jsonb.
  select coalesce(pg_catalog.jsonb_agg(pg_catalog.to_jsonb(known)), '[]') into v_identifiers
  from pg_catalog.jsonb_to_recordset(p_identifiers) as asked (kind text, value text)
  cross join lateral (
    select identifier.kind, identifier.value, identifier.ledger_id, identifier.generation, identifier.ambiguous
    from public.schedule_identifiers as identifier
    where identifier.kind = asked.kind and identifier.value = asked.value
    limit 1
  ) as known;

  select pg_catalog.array_agg(found.ledger_id) into v_ledger_ids
  from (
    select known.ledger_id
    from pg_catalog.jsonb_to_recordset(v_identifiers) as known (ledger_id uuid)
    union
    select asked.ledger_id from pg_catalog.unnest(p_ledger_ids) as asked (ledger_id)
    union
    select ledger.id
    from pg_catalog.unnest(p_match_ids) as asked (match_id)
    cross join lateral (
      select ledger.id from public.schedule_ledger as ledger where ledger.match_id = asked.match_id
    ) as ledger
    union
    select schedule.ledger_id
    from pg_catalog.unnest(p_times) as event (sent_at)
    cross join lateral (
      select known.ledger_id
      from private.schedule_times as known
      where known.send_at_utc between event.sent_at - v_guard and event.sent_at + v_guard
    ) as schedule
  ) as found;

  return pg_catalog.jsonb_build_object(
    'identifiers', v_identifiers,
    'ledgers', private.ledger_facts(v_ledger_ids),
    'attempts', coalesce((
      select pg_catalog.jsonb_agg(pg_catalog.to_jsonb(known))
      from pg_catalog.unnest(p_attempt_ids) as asked (attempt_id)
      cross join lateral (
        select attempt.id as attempt_id, attempt.ledger_id, attempt.generation
        from public.schedule_attempts as attempt
        where attempt.id = asked.attempt_id and attempt.kind = 'create'
        limit 1
      ) as known
    ), '[]'),
    'campaign_ids', coalesce((
      select pg_catalog.jsonb_agg(asked.campaign_id)
      from pg_catalog.unnest(p_campaign_ids) as asked (campaign_id)
      where exists (select 1 from public.braze_schedules as schedule where schedule.campaign_id = asked.campaign_id)
    ), '[]'),
    'unmanaged', coalesce((
      select pg_catalog.jsonb_agg(distinct pg_catalog.to_jsonb(near))
      from pg_catalog.unnest(p_times) as event (sent_at)
      cross join lateral (
        select unmanaged.campaign_id, unmanaged.send_at_utc as send_at
        from private.unmanaged_schedules as unmanaged
        where unmanaged.send_at_utc between event.sent_at - v_guard and event.sent_at + v_guard
          -- One that was adopted since is ours.
          and not exists (
            select 1 from public.braze_schedules as ours where ours.braze_schedule_id = unmanaged.braze_schedule_id
          )
      ) as near
    ), '[]')
  );
end;
$$;

comment on function public.correlation_context(uuid[], bigint[], uuid[], text[], jsonb, timestamptz[], integer) is
  'Registry entries for [{kind, value}], creates, our campaigns, unmanaged schedules, and every ledger row with all generations that an event of the batch may belong to.';
revoke all on function public.correlation_context(uuid[], bigint[], uuid[], text[], jsonb, timestamptz[], integer) from public, anon, authenticated, service_role;
grant execute on function public.correlation_context(uuid[], bigint[], uuid[], text[], jsonb, timestamptz[], integer) to service_role;
