-- A percentile over the histograms of several generations.

create function private.rank_in_histogram(p_histograms jsonb[], p_share numeric)
returns bigint
language sql
immutable
security invoker
set search_path = ''
as $$
  with bars as (
    select bar.key::bigint as ms, sum(bar.value::bigint) as events
    from pg_catalog.unnest(p_histograms) as told (histogram)
    cross join lateral pg_catalog.jsonb_each_text(told.histogram) as bar
    group by 1
  ),
  ranked as (
    select bars.ms, sum(bars.events) over (order by bars.ms) as up_to, sum(bars.events) over () as total
    from bars
  )
  select min(ranked.ms) from ranked where ranked.up_to >= p_share * ranked.total;
$$;

comment on function private.rank_in_histogram(jsonb[], numeric) is
  'The value below or at which p_share of the events lie, over histograms {value: events}; null where there are none.';
revoke all on function private.rank_in_histogram(jsonb[], numeric) from public, anon, authenticated, service_role;
grant execute on function private.rank_in_histogram(jsonb[], numeric) to service_role;
