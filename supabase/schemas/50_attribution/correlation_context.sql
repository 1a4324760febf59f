-- What is known of the identifiers, echoes and times of a batch of events.
--
-- Only facts: the policy (which evidence wins, with what confidence) is in the correlation module. An event that carries
-- another send id than the row's own does not belong to that row, even with the same dispatch id: Braze may share dispatch
-- ids between sends.

create function public.correlation_context(
  p_ledger_ids uuid[],
  p_match_ids bigint[],
  p_identifiers jsonb,
  p_times timestamptz[],
  p_guard_seconds integer
)
returns jsonb
language plpgsql
stable
security invoker
set search_path = ''
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

  select pg_catalog.array_agg(distinct found.ledger_id) into v_ledger_ids
  from (
    select known.ledger_id
    from pg_catalog.jsonb_to_recordset(v_identifiers) as known (ledger_id uuid)
    union all
    select asked.ledger_id from pg_catalog.unnest(p_ledger_ids) as asked (ledger_id)
    union all
    select ledger.id
    from pg_catalog.unnest(p_match_ids) as asked (match_id)
    cross join lateral (
      select ledger.id from public.schedule_ledger as ledger where ledger.match_id = asked.match_id limit 1
    ) as ledger
    union all
    select schedule.ledger_id
    from pg_catalog.unnest(p_times) as event (sent_at)
    cross join lateral (
      select schedule.ledger_id
      from public.braze_schedules as schedule
      where schedule.send_at_utc between event.sent_at - v_guard and event.sent_at + v_guard
      union all
      select schedule.ledger_id
      from public.braze_schedules as schedule
      where schedule.moving_to_utc between event.sent_at - v_guard and event.sent_at + v_guard
    ) as schedule
  ) as found;

  return pg_catalog.jsonb_build_object(
    'identifiers', v_identifiers,
    'ledgers', coalesce((
      select pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
        'ledger_id', ledger.id,
        'match_id', ledger.match_id,
        'generation', ledger.generation,
        'send_id', ledger.send_id,
        'schedules', (
          select pg_catalog.jsonb_agg(
            pg_catalog.jsonb_build_object(
              'generation', schedule.generation,
              'campaign_id', schedule.campaign_id,
              'state', schedule.state,
              'send_at', schedule.send_at_utc,
              'moving_to', schedule.moving_to_utc
            )
            order by schedule.generation
          )
          from public.braze_schedules as schedule
          -- A schedule that Braze refused cannot have sent anything.
          where schedule.ledger_id = ledger.id and schedule.state <> 'failed'
        )
      ))
      from pg_catalog.unnest(v_ledger_ids) as wanted (ledger_id)
      join public.schedule_ledger as ledger on ledger.id = wanted.ledger_id
    ), '[]')
  );
end;
$$;

comment on function public.correlation_context(uuid[], bigint[], jsonb, timestamptz[], integer) is
  'Registry entries for [{kind, value}], and every ledger row with all generations that an event of the batch may belong to.';
revoke all on function public.correlation_context(uuid[], bigint[], jsonb, timestamptz[], integer) from public, anon, authenticated, service_role;
grant execute on function public.correlation_context(uuid[], bigint[], jsonb, timestamptz[], integer) to service_role;
