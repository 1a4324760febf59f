-- Second schedules of a match by day, and whether their number grows.

create view public.duplicate_trends
with (security_invoker = true)
as
with by_match as (
  -- Several runs may find the same duplicate until its delete is confirmed.
  select
    (log.logged_at at time zone 'utc')::date as date,
    log.match_id,
    greatest(
      max((log.details ->> 'duplicate_count')::integer),
      count(distinct schedule.id)::integer - 1
    ) as duplicates
  from public.scheduler_logs as log
  left join lateral pg_catalog.jsonb_array_elements_text(
    case pg_catalog.jsonb_typeof(log.details -> 'schedule_ids') when 'array' then log.details -> 'schedule_ids' else '[]' end
  ) as schedule (id) on true
  where log.action = 'duplicate_count'
  group by 1, 2
),
by_day as (
  select
    by_match.date,
    sum(by_match.duplicates) as duplicates,
    count(*) as matches,
    (
      pg_catalog.array_agg(
        pg_catalog.jsonb_build_object('match_id', by_match.match_id, 'duplicates', by_match.duplicates)
        order by by_match.duplicates desc, by_match.match_id
      )
    )[1:5] as most_affected
  from by_match
  group by by_match.date
)
select
  by_day.date,
  by_day.duplicates,
  by_day.matches,
  pg_catalog.to_jsonb(by_day.most_affected) as most_affected,
  coalesce(sum(by_day.duplicates) over (
    order by by_day.date range between interval '1 day' preceding and interval '1 day' preceding
  ), 0) as duplicates_the_day_before,
  sum(by_day.duplicates) over (
    order by by_day.date range between interval '6 days' preceding and current row
  ) as duplicates_in_7_days
from by_day;
comment on view public.duplicate_trends is
  'Second schedules of a match found in Braze on each UTC day, the matches most affected, and whether it gets worse.';

revoke all on table public.duplicate_trends from public, anon, authenticated, service_role;
grant select on table public.duplicate_trends to service_role;
