-- The key of a duration in a histogram: exact to a second, and to three digits above.

create function private.rounded_ms(p_duration interval)
returns bigint
language sql
immutable
security invoker
set search_path = ''
as $$
  select case
    when pg_catalog.abs(measured.ms) < 1000 then pg_catalog.round(measured.ms)::bigint
    else (
      pg_catalog.round(measured.ms / measured.step) * measured.step
    )::bigint
  end
  from (
    select told.ms, pg_catalog.power(10::float8, pg_catalog.floor(pg_catalog.log(greatest(pg_catalog.abs(told.ms), 1))) - 2) as step
    from (select pg_catalog.date_part('epoch', p_duration) * 1000 as ms) as told
  ) as measured;
$$;

comment on function private.rounded_ms(interval) is 'Milliseconds, rounded to three digits from 1,000 on: 7,000 stays, 123,456 becomes 123,000.';
revoke all on function private.rounded_ms(interval) from public, anon, authenticated, service_role;
grant execute on function private.rounded_ms(interval) to service_role;
