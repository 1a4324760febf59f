-- Raises the harm push_unwanted for pushes that went out although their match was off before, and push_outdated for those
-- whose match was another one by then.
--
-- What the fixtures said at the time of the send stands in match_changes, and that it went out is proved: an aborted push,
-- or one that a stopped campaign kept back, is none. A later change of the fixture makes no push unwanted.

create function public.raise_unwanted_pushes(p_now timestamptz)
returns integer
language plpgsql
volatile
security invoker
set search_path = ''
set jit = off
as $$
declare
  v_alerts jsonb;
  v_raised integer;
begin
  with proved as materialized (
    select told.* from private.proved_pushes(p_now) as told
  ),
  as_it_was as (
    select proved.*, status.value as status, status.changed_at as status_at, push.value as push, push.changed_at as push_at
    from proved
    left join lateral (
      select coalesce(changed.changes #>> '{status,to}', changed.changes ->> 'status') as value, changed.changed_at
      from public.match_changes as changed
      where changed.match_id = proved.match_id and changed.changed_at < proved.sent_at and changed.changes ? 'status'
      order by changed.changed_at desc, changed.id desc
      limit 1
    ) as status on true
    left join lateral (
      select coalesce(changed.changes #>> '{push,to}', changed.changes ->> 'push') as value, changed.changed_at
      from public.match_changes as changed
      where changed.match_id = proved.match_id and changed.changed_at < proved.sent_at and changed.changes ? 'push'
      order by changed.changed_at desc, changed.id desc
      limit 1
    ) as push on true
  ),
  unwanted as (
    select
      as_it_was.*, held.held_at,
      'push_unwanted:' || as_it_was.match_id || ':' || as_it_was.generation as fingerprint,
      case when as_it_was.status <> 'scheduled' then as_it_was.status_at else as_it_was.push_at end as off_at
    from as_it_was
    left join private.held_changes as held on held.ledger_id = as_it_was.ledger_id
      and held.kind = 'removal' and held.confirmed_at is null and held.held_at < as_it_was.sent_at
    where as_it_was.status <> 'scheduled' or as_it_was.push = 'false'
  )
  select coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
    'fingerprint', unwanted.fingerprint,
    'rule', 'push_unwanted',
    'severity', 'critical',
    'audience', 'admin',
    'title', private.match_title(unwanted.match_id) || ': its push of '
      || private.minute_text(unwanted.sent_at) || ' went out, although '
      || case
        when unwanted.status <> 'scheduled' then 'the match was ' || unwanted.status
        else 'its push was switched off'
      end
      || ' at ' || private.minute_text(unwanted.off_at)
      || coalesce('; ' || case
        when unwanted.held_at is not null then 'its removal was held, and nobody confirmed it'
        else private.unapplied_because(unwanted.ledger_id, unwanted.off_at, unwanted.sent_at)
      end, ''),
    'details', pg_catalog.jsonb_build_object(
      'send_at', unwanted.sent_at, 'off_since', unwanted.off_at, 'held_since', unwanted.held_at,
      'ledger_id', unwanted.ledger_id, 'generation', unwanted.generation
    ),
    'match_id', unwanted.match_id
  ) order by unwanted.fingerprint), '[]')
  into v_alerts
  from unwanted
  -- A person who has closed it is not told again; the send of a schedule that was deleted is told as such.
  where not exists (
    select 1 from public.alerts as known
    where known.fingerprint in (
        unwanted.fingerprint, 'unexpected_send:' || unwanted.match_id || ':' || unwanted.generation
      )
      and known.details -> 'no_longer_seen' is null
  );

  -- Its events turned out to be another match's.
  update public.alerts as open
  set resolved_at = p_now, details = open.details || jsonb '{"no_longer_seen": true}'
  from public.schedule_ledger as ledger
  left join public.braze_schedules as schedule on schedule.ledger_id = ledger.id
  where open.rule in ('push_unwanted', 'push_outdated') and open.resolved_at is null and ledger.id = (open.details ->> 'ledger_id')::uuid
    and (open.details ->> 'generation')::integer = coalesce(schedule.generation, ledger.generation)
    and schedule.first_event_at is null and ledger.status <> 'sent';

  v_raised := public.raise_alerts(v_alerts, p_now);
  return v_raised + private.raise_outdated_pushes(p_now);
end;
$$;

comment on function public.raise_unwanted_pushes(timestamptz) is
  'Raises push_unwanted once for each proved push since private.harms_since() whose match was off before it (postponed, cancelled, finished, or its push switched off), and push_outdated where it had changed otherwise; returns how many are new.';
revoke all on function public.raise_unwanted_pushes(timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.raise_unwanted_pushes(timestamptz) to service_role;
