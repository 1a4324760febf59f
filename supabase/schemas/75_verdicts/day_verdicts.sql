-- The verdicts of a day's matches.
--
-- A match that was pushed and then moved to another day stays on the day that it was pushed for, with that push; the day of
-- its new date shows the push of the new date.

create function public.day_verdicts(p_from timestamptz, p_until timestamptz, p_now timestamptz)
returns jsonb
language plpgsql
stable
security invoker
set search_path = ''
set jit = off
as $$
declare
  v_match_ids bigint[];
  v_earlier_ids uuid[];
begin
  v_match_ids := array(
    select match.id from public.matches as match
    where match.kickoff_at >= p_from and match.kickoff_at < p_until
  );
  v_earlier_ids := array(
    select earlier.id
    from private.send_timing() as timing
    join public.schedule_ledger as earlier
      on earlier.send_at_utc >= p_from - timing.send_lead and earlier.send_at_utc < p_until - timing.send_lead
    join public.matches as match on match.id = earlier.match_id
    where earlier.status = 'sent' and match.id <> all (v_match_ids)
      and (
        earlier.replaced_at is not null
        or match.kickoff_at > earlier.send_at_utc + timing.send_lead + interval '12 hours'
      )
  );
  return (
    select coalesce(pg_catalog.jsonb_agg(
      judged.told order by judged.is_earlier, (judged.told ->> 'kickoff_at')::timestamptz, judged.match_id
    ), '[]')
    from private.push_verdicts(v_match_ids, v_earlier_ids, p_now) as judged
  );
end;
$$;

comment on function public.day_verdicts(timestamptz, timestamptz, timestamptz) is
  'The objects of match_verdict for the matches with kick-off in [p_from, p_until), and for those that were pushed for that time and moved away since; by kick-off and id, those that were moved last.';
revoke all on function public.day_verdicts(timestamptz, timestamptz, timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.day_verdicts(timestamptz, timestamptz, timestamptz) to authenticated, service_role;
