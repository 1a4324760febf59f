-- Registers which ledger row a Braze identifier belongs to.
--
-- Braze may share a dispatch id between users sent close together. An identifier seen on two ledger rows is kept and marked
-- ambiguous: from then on it attributes nothing.

create function private.register_identifiers(p_identifiers jsonb, p_source text, p_now timestamptz)
returns jsonb
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  v_result jsonb;
begin
  with told as (
    -- One row per key: insert … on conflict may not touch a row twice.
    select
      identifier.kind,
      identifier.value,
      (pg_catalog.array_agg(identifier.ledger_id order by identifier.ledger_id))[1] as ledger_id,
      case when count(distinct coalesce(identifier.generation, 0)) = 1 then max(identifier.generation) end as generation,
      count(distinct identifier.ledger_id) > 1 as ambiguous
    from pg_catalog.jsonb_to_recordset(p_identifiers) as identifier (
      kind text, value text, ledger_id uuid, generation integer
    )
    group by identifier.kind, identifier.value
  ),
  news as (
    -- An identifier that is registered already needs no write and takes no lock.
    select told.*, known.ledger_id as known_ledger_id
    from told
    -- Lateral: a plain join would read the whole registry, since 100 rows are assumed of any jsonb.
    left join lateral (
      select identifier.kind, identifier.ledger_id, identifier.generation, identifier.ambiguous
      from public.schedule_identifiers as identifier
      where identifier.kind = told.kind and identifier.value = told.value
      limit 1
    ) as known on true
    where known.kind is null
      or (not known.ambiguous and (told.ambiguous or known.ledger_id <> told.ledger_id
        or (known.generation is not null and known.generation is distinct from told.generation)))
  ),
  written as (
    insert into public.schedule_identifiers as known
      (kind, value, ledger_id, generation, ambiguous, source, first_seen_at)
    select news.kind, news.value, news.ledger_id, news.generation, news.ambiguous, p_source, p_now
    from news
    order by news.kind, news.value
    on conflict (kind, value) do update
    set ambiguous = known.ambiguous or excluded.ambiguous or known.ledger_id <> excluded.ledger_id,
      generation = case when known.generation = excluded.generation then known.generation end
    returning known.kind, known.value, known.ledger_id, known.ambiguous
  )
  select coalesce(pg_catalog.jsonb_agg(pg_catalog.to_jsonb(written)), '[]') into v_result from written;
  return v_result;
end;
$$;

comment on function private.register_identifiers(jsonb, text, timestamptz) is
  'Registers [{kind, value, ledger_id, generation}]; returns those that are new or changed, with whether they are ambiguous now.';
revoke all on function private.register_identifiers(jsonb, text, timestamptz) from public, anon, authenticated, service_role;
grant execute on function private.register_identifiers(jsonb, text, timestamptz) to service_role;
