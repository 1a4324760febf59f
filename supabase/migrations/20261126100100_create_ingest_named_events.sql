-- Create public.ingest_named_events: what events name outright is looked up and stored in one round trip.
--
-- Nearly every event of a matchday says which match it is of; asking first and storing afterwards would cost twice as
-- much. What needs judgement comes back, unstored.

create function public.ingest_named_events(
  p_events jsonb,
  p_names jsonb,
  p_run_id uuid,
  p_now timestamptz
)
returns jsonb
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  v_resolved jsonb := private.resolve_names(p_names);
  v_taken jsonb;
  v_left jsonb;
  v_proofs jsonb;
  v_identifiers jsonb;
  v_receipt jsonb;
begin
  select
    coalesce(
      pg_catalog.jsonb_agg(
        told.event || pg_catalog.jsonb_build_object(
          'match_id', resolved.match_id,
          'ledger_id', resolved.ledger_id,
          'generation', resolved.generation,
          'correlation_method', resolved.method,
          'confidence', 'high',
          'time_diff_ms', pg_catalog.trunc(extract(
            epoch from (told.event ->> 'sent_at')::timestamptz - pg_catalog.date_trunc('milliseconds', resolved.send_at_utc)
          ) * 1000)::bigint,
          'candidate_count', 1
        )
      ) filter (where resolved.place is not null),
      '[]'
    ),
    coalesce(pg_catalog.jsonb_agg(told.place - 1 order by told.place) filter (where resolved.place is null), '[]'),
    coalesce(
      pg_catalog.jsonb_agg(distinct pg_catalog.jsonb_build_object(
        'ledger_id', resolved.ledger_id,
        'generation', resolved.generation,
        'proof', told.event -> 'proof',
        'dispatch_id', told.event -> 'dispatch_id',
        'send_id', told.event -> 'send_id'
      )) filter (where resolved.place is not null and told.event ->> 'proof' is not null),
      '[]'
    )
  into v_taken, v_left, v_proofs
  from pg_catalog.jsonb_array_elements(p_events) with ordinality as told (event, place)
  left join pg_catalog.jsonb_to_recordset(v_resolved) as resolved (
    place integer, method text, ledger_id uuid, match_id bigint, generation integer, send_at_utc timestamptz
  ) on resolved.place = (told.event ->> 'names')::integer;

  -- Nothing contradicts it, so whatever else such an event names is its match's too.
  select coalesce(pg_catalog.jsonb_agg(distinct pg_catalog.jsonb_build_object(
    'kind', claim.named -> 0,
    'value', claim.named -> 1,
    'ledger_id', resolved.ledger_id,
    'generation', resolved.generation
  )), '[]')
  into v_identifiers
  from pg_catalog.jsonb_to_recordset(v_resolved) as resolved (place integer, ledger_id uuid, generation integer)
  cross join lateral pg_catalog.jsonb_array_elements(p_names -> (resolved.place - 1) -> 'claims') as claim (named)
  where claim.named ->> 0 not in ('ledger_id', 'match_id');

  if v_taken = '[]' then
    -- Nothing to store, and so nothing to count.
    return jsonb '{"received": 0, "recorded": 0, "duplicates": 0, "rejected": 0, "high": 0, "medium": 0, "low": 0,
      "unattributed": 0, "learned": [], "went_out": []}' || pg_catalog.jsonb_build_object('left', v_left);
  end if;
  v_receipt := public.ingest_events(v_taken, '[]', v_identifiers, v_proofs, p_run_id, p_now);
  if (v_receipt ->> 'duplicates')::integer > 0 then
    -- A repeated request may be here because what it taught was never applied.
    v_receipt := pg_catalog.jsonb_set(
      v_receipt, '{learned}', (v_receipt -> 'learned') || private.unapplied_lessons(v_identifiers)
    );
  end if;
  return v_receipt || pg_catalog.jsonb_build_object('left', v_left);
end;
$$;

comment on function public.ingest_named_events(jsonb, jsonb, uuid, timestamptz) is
  'As ingest_events, of events that hold {names: a place in p_names from 1, proof}. "left": the places, from 0, of those that were not stored.';

revoke execute on function public.ingest_named_events(jsonb, jsonb, uuid, timestamptz) from public;
grant execute on function public.ingest_named_events(jsonb, jsonb, uuid, timestamptz) to service_role;
