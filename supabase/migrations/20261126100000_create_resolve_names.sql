-- Create private.resolve_names: what events name outright, where there is nothing to weigh.
--
-- The policy is the correlation module's alone. It says in which order names count; here they are looked up, and
-- whatever would need judgement (two matches named, a schedule that cannot be told, a name that is nobody's) is left to it.

create function private.resolve_names(p_names jsonb)
returns jsonb
language plpgsql
stable
security invoker
set search_path = ''
as $$
begin
  return (
    with claims as (
      select said.place, claim.rank, claim.named ->> 0 as method, claim.named ->> 1 as value
      from pg_catalog.jsonb_array_elements(p_names) with ordinality as said (names, place)
      cross join lateral
        pg_catalog.jsonb_array_elements(said.names -> 'claims') with ordinality as claim (named, rank)
    ),
    hits as (
      select claims.place, claims.rank, claims.method, hit.ledger_id, hit.generation
      from claims
      cross join lateral (
        select ledger.id as ledger_id, null::integer as generation
        from public.schedule_ledger as ledger
        where ledger.id = case when claims.method = 'ledger_id' then claims.value::uuid end
        union all
        select ledger.id, null
        from public.schedule_ledger as ledger
        where ledger.match_id = case when claims.method = 'match_id' then claims.value::bigint end
        union all
        select identifier.ledger_id, identifier.generation
        from public.schedule_identifiers as identifier
        where identifier.kind = claims.method and identifier.value = claims.value and not identifier.ambiguous
        -- Keeps it a look-up.
        offset 0
      ) as hit
    ),
    agreed as (
      select
        hits.place,
        (pg_catalog.array_agg(hits.method order by hits.rank))[1] as method,
        (pg_catalog.array_agg(hits.ledger_id order by hits.rank))[1] as ledger_id,
        (pg_catalog.array_agg(hits.generation order by hits.rank))[1] as identified_generation
      from hits
      group by hits.place
      having count(distinct hits.ledger_id) = 1
    ),
    told as (
      select
        agreed.*,
        p_names -> (agreed.place - 1)::integer as names,
        agreed.method in ('ledger_id', 'match_id') as is_echoed
      from agreed
    ),
    resolved as (
      select told.place, told.method, ledger.id as ledger_id, ledger.match_id, schedule.generation, schedule.send_at_utc
      from told
      cross join lateral (
        select known.id, known.match_id, known.send_id
        from public.schedule_ledger as known
        where known.id = told.ledger_id
        limit 1
      ) as ledger
      cross join lateral (
        select
          case when told.is_echoed then (told.names ->> 'generation')::integer else told.identified_generation end
            as generation
      ) as claimed
      cross join lateral (
        -- The one that is claimed, or the only one there is.
        select min(known.generation) as generation, min(known.send_at_utc) as send_at_utc
        from public.braze_schedules as known
        where known.ledger_id = ledger.id
          and known.state <> 'failed'
          and (claimed.generation is null or known.generation = claimed.generation)
        having count(*) = 1
          and (
            claimed.generation is not null or told.names ->> 'campaign_id' is null
            or min(known.campaign_id) = told.names ->> 'campaign_id'
          )
      ) as schedule
      -- A ledger row that was echoed and is none of ours: what came with it needs a closer look.
      where (told.method = 'ledger_id' or not told.names -> 'claims' @> '[["ledger_id"]]')
        -- A dispatch id may be lent: it counts by itself alone.
        and (told.method <> 'dispatch_id' or pg_catalog.jsonb_array_length(told.names -> 'claims') = 1)
        -- With another send id than the match's own it may be another's.
        and (
          told.is_echoed or ledger.send_id is null or told.names ->> 'send_id' is null
          or told.names ->> 'send_id' = ledger.send_id
        )
    )
    select coalesce(pg_catalog.jsonb_agg(pg_catalog.to_jsonb(resolved)), '[]') from resolved
  );
end;
$$;

comment on function private.resolve_names(jsonb) is
  'Of [{claims: [[method, value], …] strongest first, generation, send_id, campaign_id}] those that name one ledger row and one of its schedules, by place from 1.';

revoke execute on function private.resolve_names(jsonb) from public;
grant execute on function private.resolve_names(jsonb) to service_role;
