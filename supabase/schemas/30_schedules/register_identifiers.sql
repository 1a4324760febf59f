-- Registers which ledger row a Braze identifier belongs to.
--
-- Braze may share a dispatch id between users sent close together. An identifier seen on two ledger rows is kept and marked
-- ambiguous: from then on it attributes nothing. The result does not depend on the order of the registrations.

create function private.register_identifiers(p_identifiers jsonb, p_source text, p_now timestamptz)
returns integer
language sql
volatile
security invoker
set search_path = ''
set jit = off
as $$
  with named as (
    -- One row per key: insert … on conflict may not touch a row twice.
    select
      identifier.kind,
      identifier.value,
      (pg_catalog.array_agg(identifier.ledger_id order by identifier.ledger_id))[1] as ledger_id,
      case when count(distinct identifier.generation) = 1 then max(identifier.generation) end as generation,
      count(distinct identifier.generation) > 1 as generations_differ,
      count(distinct identifier.ledger_id) > 1 as ambiguous
    from pg_catalog.jsonb_to_recordset(p_identifiers) as identifier (
      kind text, value text, ledger_id uuid, generation integer
    )
    -- A send id of our own form names its match by itself.
    where identifier.kind <> 'send_id' or private.match_of_send_id(identifier.value) is null
    group by identifier.kind, identifier.value
  ),
  news as (
    -- An identifier that is registered already needs no write and takes no lock.
    select named.*
    from named
    -- Lateral: a plain join would read the whole registry, since 100 rows are assumed of any jsonb.
    left join lateral (
      select identifier.kind, identifier.ledger_id, identifier.generation, identifier.generations_differ, identifier.ambiguous
      from public.schedule_identifiers as identifier
      where identifier.kind = named.kind and identifier.value = named.value
      limit 1
    ) as known on true
    where known.kind is null
      or (not known.ambiguous and (
        named.ambiguous
        or known.ledger_id <> named.ledger_id
        or (not known.generations_differ
          and (named.generations_differ or (named.generation is not null and known.generation is distinct from named.generation)))
      ))
  ),
  written as (
    insert into public.schedule_identifiers as known
      (kind, value, ledger_id, generation, generations_differ, ambiguous, source, first_seen_at)
    select
      news.kind, news.value, news.ledger_id, news.generation, news.generations_differ, news.ambiguous, p_source, p_now
    from news
    order by news.kind, news.value
    on conflict (kind, value) do update
    set ledger_id = least(known.ledger_id, excluded.ledger_id),
      ambiguous = known.ambiguous or excluded.ambiguous or known.ledger_id <> excluded.ledger_id,
      generations_differ = known.generations_differ or excluded.generations_differ
        or coalesce(known.generation <> excluded.generation, false),
      generation = case
        when known.generations_differ or excluded.generations_differ or known.generation <> excluded.generation then null
        else coalesce(known.generation, excluded.generation)
      end
    returning known.kind, known.value
  ),
  noted as (
    insert into private.rejudgements (kind, value, changed_at)
    select written.kind, written.value, p_now from written
    returning id
  )
  select count(*)::integer from noted;
$$;

comment on function private.register_identifiers(jsonb, text, timestamptz) is
  'Registers [{kind, value, ledger_id, generation}]; events that depend on those that are new or changed are judged again. Returns how many those are.';
revoke all on function private.register_identifiers(jsonb, text, timestamptz) from public, anon, authenticated, service_role;
grant execute on function private.register_identifiers(jsonb, text, timestamptz) to service_role;
