-- Judges the numbers of each push that went out: too few users reached, bounced, aborted, late, more events than Braze counts.
--
-- Each of them is a harm: what was sent cannot be sent better. A person who closed one is not told of it again. Where later
-- events show that it was none, it is taken back.

create function public.raise_number_harms(p_now timestamptz)
returns jsonb
language plpgsql
volatile
security invoker
set search_path = ''
set jit = off
as $$
declare
  v_settings private.settings;
  v_judged text[];
  v_alerts jsonb;
  v_raised integer;
  v_resolved integer;
begin
  select * into strict v_settings from private.settings;

  with numbers as materialized (
    select
      ledger.id, ledger.match_id, ledger.send_at_utc, match.kickoff_at,
      ledger.match_id || ':' || ledger.intent || ':' || ledger.generation as key,
      ledger.actual_send_count as users, ledger.expected_send_count_min as expected_min,
      ledger.braze_reported_count as reported, ledger.statistics_at,
      sum(counted.push_sends) as push_sends,
      max(counted.last_sent_at) as last_sent_at,
      coalesce(sum(counted.users) filter (where counted.generation in (0, ledger.generation)), 0) as current_users,
      coalesce(sum(counted.opened_users) filter (where counted.generation in (0, ledger.generation)), 0) as opened_users,
      coalesce(sum(counted.bounced_users) filter (where counted.generation in (0, ledger.generation)), 0) as bounced_users,
      coalesce(sum(counted.aborted_users) filter (where counted.generation in (0, ledger.generation)), 0) as aborted_users,
      pg_catalog.array_agg(counted.abort_reasons) filter (where counted.generation in (0, ledger.generation)) as reasons,
      pg_catalog.array_agg(counted.latenesses) filter (where counted.generation in (0, ledger.generation)) as latenesses
    from public.schedule_ledger as ledger
    join public.matches as match on match.id = ledger.match_id
    join public.match_counts as counted on counted.ledger_id = ledger.id
    where ledger.send_at_utc > private.harms_since(p_now) and ledger.send_at_utc <= p_now
      -- A push that was not wanted any more is aborted by the send gate, and that is right.
      and ledger.status <> 'cancelled' and match.push and match.status in ('scheduled', 'finished')
      and not exists (
        select 1 from private.schedule_holds as hold where hold.ledger_id = ledger.id and hold.released_at is null
      )
      -- What is not counted yet is judged when it is.
      and not exists (select 1 from private.recounts as due where due.ledger_id = ledger.id)
    group by ledger.id, match.id
  ),
  measured as materialized (
    select
      numbers.*,
      private.rank_in_histogram(numbers.latenesses, 0.5) as lateness_ms,
      (
        select pg_catalog.string_agg(
          case when numbers.current_users = 0 and by_reason.reasons = 1 then '' else private.count_text(by_reason.users) || ' ' end
            || by_reason.reason,
          ', ' order by by_reason.users desc, by_reason.reason
        )
        from (
          select reason.key as reason, sum(reason.value::bigint) as users, count(*) over () as reasons
          from pg_catalog.unnest(numbers.reasons) as told (by_reason)
          cross join lateral pg_catalog.jsonb_each_text(told.by_reason) as reason
          group by reason.key
        ) as by_reason
      ) as said,
      -- Events may be missing: then Braze's own count, which is of devices, is the most that can have been reached.
      case
        when numbers.statistics_at >= numbers.send_at_utc + v_settings.push_short_after and numbers.reported is not null then case
          when numbers.push_sends >= (1 - v_settings.missing_events_share_max) * numbers.reported then numbers.users
          else greatest(numbers.users, numbers.reported)
        end
        -- Without statistics the events are all that can be known.
        when numbers.send_at_utc <= p_now - interval '24 hours' then numbers.users
      end as reached_max
    from numbers
  ),
  rules as materialized (
    select
      'push_short:' || measured.key as fingerprint, 'push_short' as rule,
      measured.users > 0 and measured.expected_min > 0 and measured.reached_max is not null
        and measured.send_at_utc <= p_now - v_settings.push_short_after
        -- Braze may send for hours where its speed is limited.
        and measured.last_sent_at <= p_now - interval '30 minutes'
        and measured.reached_max + measured.aborted_users < (1 - v_settings.push_short_share_max) * measured.expected_min
        as is_bad,
      measured.reached_max < 0.5 * measured.expected_min as is_severe,
      private.count_text(measured.reached_max) || ' users were reached, at least '
        || private.count_text(measured.expected_min) || ' were expected' as told,
      measured.*
    from measured
    union all
    select
      'push_bounced:' || measured.key, 'push_bounced',
      measured.current_users >= v_settings.numbers_judged_min
        and measured.bounced_users > v_settings.push_bounced_share_max * measured.current_users,
      measured.bounced_users >= 0.5 * measured.current_users,
      'the push bounced for ' || private.count_text(measured.bounced_users) || ' of '
        || private.count_text(measured.current_users) || ' users',
      measured.*
    from measured
    union all
    select
      'push_aborted:' || measured.key, 'push_aborted',
      case
        when measured.current_users + measured.opened_users = 0 then measured.aborted_users > 0
        else measured.current_users + measured.aborted_users >= v_settings.numbers_judged_min
          and measured.aborted_users > v_settings.push_aborted_share_max * (measured.current_users + measured.aborted_users)
      end,
      measured.aborted_users >= measured.current_users,
      case measured.current_users
        when 0 then 'nobody was pushed: ' || private.count_text(measured.aborted_users)
          || case measured.aborted_users when 1 then ' abort, ' else ' aborts, ' end || measured.said
        else private.count_text(measured.aborted_users) || ' of '
          || private.count_text(measured.current_users + measured.aborted_users)
          || ' users got no push, since Braze aborted it: ' || measured.said
      end,
      measured.*
    from measured
    union all
    select
      'push_late:' || measured.key, 'push_late',
      measured.current_users >= v_settings.numbers_judged_min
        and measured.lateness_ms > extract(epoch from v_settings.push_late_after) * 1000,
      measured.send_at_utc + measured.lateness_ms * interval '1 millisecond' >= measured.kickoff_at,
      'Braze sent half of the pushes more than ' || private.count_text(measured.lateness_ms / 60000) || ' minutes late (due '
        || pg_catalog.to_char(measured.send_at_utc at time zone 'utc', 'YYYY-MM-DD HH24:MI "UTC"') || ')',
      measured.*
    from measured
    union all
    select
      'push_surplus:' || measured.key, 'push_surplus',
      -- Zero is what Braze says of a send id that it does not count.
      measured.reported > 0 and measured.statistics_at >= measured.send_at_utc + v_settings.push_surplus_after
        and measured.push_sends >= measured.reported + v_settings.numbers_judged_min
        and measured.push_sends > (1 + v_settings.push_surplus_share_max) * measured.reported,
      measured.push_sends >= 2 * measured.reported,
      private.count_text(measured.push_sends) || ' push events are tied to it, but Braze counts '
        || private.counted_text(measured.reported, 'push', 'pushes') || ' of its send id: the others are of another push',
      measured.*
    from measured
  )
  select
    pg_catalog.array_agg(rules.fingerprint),
    coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
      'fingerprint', rules.fingerprint,
      'rule', rules.rule,
      'severity', case when rules.is_severe then 'critical' else 'warning' end,
      'audience', 'admin',
      'title', private.match_title(rules.match_id) || ': ' || rules.told,
      'match_id', rules.match_id,
      'details', pg_catalog.jsonb_build_object(
        'users', rules.users, 'expected_min', rules.expected_min, 'push_events', rules.push_sends, 'braze_reported', rules.reported,
        'bounced', rules.bounced_users, 'aborted', rules.aborted_users, 'abort_reasons', rules.said,
        'half_sent_ms_late', rules.lateness_ms, 'send_at', rules.send_at_utc
      )
    ) order by rules.fingerprint) filter (where rules.is_bad), '[]')
  into v_judged, v_alerts
  from rules;

  v_raised := public.raise_alerts(
    (
      select coalesce(pg_catalog.jsonb_agg(found.alert), '[]')
      from pg_catalog.jsonb_array_elements(v_alerts) as found (alert)
      where not exists (
        select 1
        from public.alerts as closed
        where closed.fingerprint = found.alert ->> 'fingerprint' and closed.resolved_at is not null
          and closed.details -> 'no_longer_seen' is null
      )
    ),
    p_now
  );
  update public.alerts as open
  set resolved_at = p_now, details = open.details || jsonb '{"no_longer_seen": true}'
  where open.resolved_at is null and open.fingerprint = any (v_judged)
    and not exists (
      select 1
      from pg_catalog.jsonb_to_recordset(v_alerts) as found (fingerprint text)
      where found.fingerprint = open.fingerprint
    );
  get diagnostics v_resolved = row_count;
  return pg_catalog.jsonb_build_object('raised', v_raised, 'resolved', v_resolved);
end;
$$;

comment on function public.raise_number_harms(timestamptz) is
  'Raises push_short, push_bounced, push_aborted, push_late and push_surplus for the pushes since private.harms_since() whose counts exceed the limits of private.settings, and takes back what later events disprove; returns {raised, resolved}.';
revoke all on function public.raise_number_harms(timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.raise_number_harms(timestamptz) to service_role;
