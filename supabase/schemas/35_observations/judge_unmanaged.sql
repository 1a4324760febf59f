-- Tells of schedules in Braze that the suite did not make, or that survived their delete.
--
-- Whether a match is known and wanted is asked of matches: before the first run of the scheduler the ledger is empty. A
-- schedule that reconcile deletes by itself is told only if it is due before that.

create function private.unmanaged_listed(p_now timestamptz)
returns table (
  campaign_id text,
  braze_schedule_id text,
  send_at timestamptz,
  shown_from timestamptz,
  match_id bigint,
  is_ours boolean,
  is_cancelled boolean
)
language sql
stable
security invoker
set search_path = ''
set jit = off
as $$
  select
    listed.campaign_id, listed.braze_schedule_id, listed.send_at_utc, listed.shown_from,
    coalesce(ledger.match_id, echo.match_id), known.ledger_id is not null,
    coalesce(ledger.status = 'cancelled' and ledger.cancel_reason = 'operator', false)
  from private.listed_schedules as listed
  cross join lateral private.echo_of_properties(listed.trigger_properties) as echo
  left join public.braze_schedules as known on known.braze_schedule_id = listed.braze_schedule_id
  left join public.schedule_ledger as ledger on ledger.id = coalesce(known.ledger_id, echo.ledger_id)
  where listed.shown_until is null
    and (listed.send_at_utc > p_now or listed.send_at_utc is null)
    and case
      -- A list may be behind a delete. What may be live the scheduler looks after, unless a person cancelled it.
      when known.ledger_id is not null then known.updated_at < p_now - interval '5 minutes' and (
        known.state = 'deleted'
        or (known.state in ('live', 'deleting') and ledger.status = 'cancelled' and ledger.cancel_reason = 'operator')
      )
      -- Its create got no answer: reconcile adopts it.
      else not exists (
        select 1
        from public.braze_schedules as made
        where made.ledger_id = echo.ledger_id and made.generation = echo.generation
          and made.braze_schedule_id is null and made.state in ('creating', 'unknown', 'failed')
      )
    end
    and not exists (
      select 1
      from private.unmanaged_schedules as kept
      where kept.braze_schedule_id = listed.braze_schedule_id and kept.kept_at is not null
        -- Kept as the only push of its match: the suite has made one since.
        and (kept.double_push_accepted or not private.has_own_schedule(coalesce(ledger.match_id, echo.match_id)))
    )
    and not exists (
      select 1
      from public.schedule_attempts as attempt
      where attempt.kind = 'delete' and attempt.opened_at > p_now - interval '5 minutes'
        and attempt.braze_schedule_id = listed.braze_schedule_id
        and attempt.outcome is distinct from 'failed'
    );
$$;

comment on function private.unmanaged_listed(timestamptz) is
  'The schedules of the last lists that are not ours and that nobody kept as they are, and ours that are listed although they are deleted.';
revoke all on function private.unmanaged_listed(timestamptz) from public, anon, authenticated, service_role;
grant execute on function private.unmanaged_listed(timestamptz) to service_role;

create function private.judge_unmanaged(p_now timestamptz)
returns jsonb
language plpgsql
volatile
security invoker
set search_path = ''
set jit = off
as $$
declare
  v_alerts jsonb;
begin
  with found as (
    select
      stray.*,
      private.match_title(stray.match_id) as title,
      case
        when match.id is null then 'unknown_match'
        when match.status <> 'scheduled' or not match.push or stray.is_cancelled then 'not_wanted'
        when private.has_own_schedule(match.id) then 'second_schedule'
        else 'only_schedule'
      end as why,
      coalesce(pg_catalog.to_char(stray.send_at at time zone 'utc', 'YYYY-MM-DD HH24:MI') || ' UTC', 'an unknown time') as due
    from private.unmanaged_listed(p_now) as stray
    left join public.matches as match on match.id = stray.match_id
    where not private.is_superseded_in_list(stray.braze_schedule_id, p_now)
      or stray.send_at < p_now + interval '1 hour'
  ),
  told (fingerprint, rule, severity, title, details, match_id) as (
    select
      'unmanaged_schedule:' || found.braze_schedule_id,
      'unmanaged_schedule',
      case when found.why in ('second_schedule', 'not_wanted') then 'critical' else 'warning' end,
      case when found.title is null then '' else found.title || ': ' end || case
        when found.is_ours then 'Braze still lists a schedule of the suite that is deleted or cancelled'
        else 'Braze holds a schedule that the suite did not make'
      end || ', due ' || found.due || case found.why
        when 'unknown_match' then case
          when found.match_id is null then '; it names no match'
          else '; it names match ' || found.match_id || ', which is not in matches'
        end
        when 'not_wanted' then '; no push of this match is wanted'
        when 'second_schedule' then ', beside the suite''s own: users would get two pushes'
        else '; the suite has no schedule of its own for this match'
      end,
      pg_catalog.jsonb_build_object(
        'campaign_id', found.campaign_id, 'schedule_id', found.braze_schedule_id, 'why', found.why,
        'send_at', found.send_at, 'since', found.shown_from
      ),
      found.match_id
    from found
    union all
    -- The last list before its time showed it, or no list says that it is gone.
    select open.fingerprint, open.rule, open.severity, open.title, open.details, open.match_id
    from public.alerts as open
    where open.rule = 'unmanaged_schedule' and open.resolved_at is null
      and open.fingerprint not in (select 'unmanaged_schedule:' || found.braze_schedule_id from found)
      and (
        (open.details ->> 'send_at')::timestamptz <= p_now
        or (
          select observation.listing_mode <> 'per_schedule'
          from public.braze_observations as observation
          where observation.campaign_id = open.details ->> 'campaign_id' and observation.listing_mode <> 'unavailable'
          order by observation.began_at desc, observation.id desc
          limit 1
        )
      )
      and not exists (
        select 1
        from public.schedule_attempts as attempt
        where attempt.kind = 'delete' and attempt.outcome = 'succeeded'
          and attempt.braze_schedule_id = open.details ->> 'schedule_id' and attempt.opened_at > open.first_seen_at
      )
      and not exists (
        select 1
        from public.braze_schedules as ours
        where ours.braze_schedule_id = open.details ->> 'schedule_id' and ours.adopted_at is not null
      )
      and not exists (
        select 1
        from private.unmanaged_schedules as kept
        where kept.braze_schedule_id = open.details ->> 'schedule_id' and kept.kept_at is not null
          and (kept.double_push_accepted or open.details ->> 'why' <> 'second_schedule')
      )
  )
  select coalesce(pg_catalog.jsonb_agg(
    pg_catalog.to_jsonb(told) || jsonb '{"audience": "admin"}' order by told.fingerprint
  ), '[]')
  into v_alerts
  from told;
  return public.sync_alerts(array['unmanaged_schedule'], v_alerts, p_now);
end;
$$;

comment on function private.judge_unmanaged(timestamptz) is
  'Alerts unmanaged_schedule for each listed schedule that is not ours, and resolves it when it is gone or a person has decided; returns {raised, resolved}.';
revoke all on function private.judge_unmanaged(timestamptz) from public, anon, authenticated, service_role;
grant execute on function private.judge_unmanaged(timestamptz) to service_role;
