-- Raises the harm push_outdated for pushes that went out as planned, although their match had changed before.
--
-- The conditions that told of the change (change_inside_freeze, changed_before_send, brought_forward_inside_freeze,
-- remakes_held, move_failed) ask for something to be done before the send, and are over with it. That users got a wrong time
-- or text is not. What the fixtures said stands in match_changes. The table teams keeps no history: of its changes, and of
-- all that makes the push of a match another one, pre-flight tells.

create function private.raise_outdated_pushes(p_now timestamptz)
returns integer
language plpgsql
volatile
security invoker
set search_path = ''
set jit = off
as $$
declare
  v_alerts jsonb;
begin
  with proved as materialized (
    select told.*, schedule.created_at, schedule.moving_to_utc
    from private.proved_pushes(p_now) as told
    join public.braze_schedules as schedule on schedule.ledger_id = told.ledger_id and schedule.generation = told.generation
  ),
  changed as (
    select
      proved.ledger_id, proved.generation, part.name,
      (pg_catalog.array_agg(changed.changes -> part.name -> 'from' order by changed.changed_at, changed.id))[1] as was,
      (pg_catalog.array_agg(changed.changes -> part.name -> 'to' order by changed.changed_at desc, changed.id desc))[1] as became,
      max(changed.changed_at) as changed_at
    from proved
    join public.match_changes as changed
      on changed.match_id = proved.match_id and changed.kind = 'changed'
      and changed.changed_at > proved.created_at and changed.changed_at < proved.sent_at
    cross join lateral pg_catalog.jsonb_object_keys(changed.changes) as part (name)
    group by proved.ledger_id, proved.generation, part.name
  ),
  parts as (
    select
      changed.*,
      case changed.name
        when 'kickoff_at' then 'its kick-off was moved to ' || private.minute_text((changed.became #>> '{}')::timestamptz)
        when 'home_team' then 'its teams were changed'
        when 'away_team' then 'its teams were changed'
        else 'its text was changed'
      end as what,
      case changed.name
        when 'kickoff_at' then
          pg_catalog.date_trunc('second', (changed.became #>> '{}')::timestamptz - timing.send_lead)
            not in (proved.sent_at, coalesce(proved.moving_to_utc, proved.sent_at))
          -- A time that is not confirmed is no time to move a push to.
          and not exists (
            select 1 from changed as confirmed
            where confirmed.ledger_id = changed.ledger_id and confirmed.generation = changed.generation
              and confirmed.name = 'kickoff_confirmed' and confirmed.became = 'false'
          )
        else changed.was is distinct from changed.became
      end as is_late
    from changed
    join proved using (ledger_id, generation)
    cross join private.send_timing() as timing
    where changed.name in ('kickoff_at', 'home_team', 'away_team', 'competition', 'trigger_properties')
  ),
  told as (
    select
      parts.ledger_id, parts.generation, max(parts.changed_at) as changed_at,
      pg_catalog.array_agg(distinct parts.what) as whats
    from parts
    where parts.is_late
    group by parts.ledger_id, parts.generation
  ),
  outdated as (
    select
      proved.ledger_id, proved.match_id, proved.generation, proved.sent_at,
      coalesce(told.changed_at, seen.first_seen_at) as changed_at,
      coalesce(
        pg_catalog.array_to_string(told.whats, ' and '),
        case
          when seen.changes ? 'no_audience' then 'the fans of neither team were to be notified any more'
          else 'its audience or its text was changed'
        end
      ) as what,
      'push_outdated:' || proved.match_id || ':' || proved.generation as fingerprint
    from proved
    left join told using (ledger_id, generation)
    left join lateral (
      select alert.first_seen_at, alert.details -> 'changes' as changes
      from public.alerts as alert
      where alert.rule = 'changed_before_send' and alert.match_id = proved.match_id
        and alert.details -> 'generation' = pg_catalog.to_jsonb(proved.generation)
        and alert.details -> 'changes' ?| array['teams_or_properties', 'no_audience']
        and alert.first_seen_at < proved.sent_at and coalesce(alert.resolved_at, p_now) >= proved.sent_at
      order by alert.id desc
      limit 1
    ) as seen on true
    where told.ledger_id is not null or seen.first_seen_at is not null
  )
  select coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
    'fingerprint', outdated.fingerprint,
    'rule', 'push_outdated',
    'severity', 'critical',
    'audience', 'admin',
    'title', private.match_title(outdated.match_id) || ': its push of ' || private.minute_text(outdated.sent_at)
      || ' went out as planned before, although ' || outdated.what || ' at ' || private.minute_text(outdated.changed_at)
      || coalesce('; ' || case
        when held.is_held then 'the change was held, and nobody confirmed it'
        else private.unapplied_because(outdated.ledger_id, outdated.changed_at, outdated.sent_at)
      end, ''),
    'details', pg_catalog.jsonb_build_object(
      'send_at', outdated.sent_at, 'changed_at', outdated.changed_at, 'ledger_id', outdated.ledger_id,
      'generation', outdated.generation
    ),
    'match_id', outdated.match_id
  ) order by outdated.fingerprint), '[]')
  into v_alerts
  from outdated
  cross join lateral (
    select exists (
      select 1 from public.alerts as alert
      where alert.rule = 'remakes_held' and alert.details -> 'match_ids' @> pg_catalog.to_jsonb(outdated.match_id)
        and alert.first_seen_at < outdated.sent_at and coalesce(alert.resolved_at, p_now) >= outdated.sent_at
    ) as is_held
  ) as held
  -- A person who has closed it is not told again. A push that was not wanted at all is told as such.
  where not exists (
    select 1 from public.alerts as known
    where known.fingerprint in (
        outdated.fingerprint,
        'push_unwanted:' || outdated.match_id || ':' || outdated.generation,
        'unexpected_send:' || outdated.match_id || ':' || outdated.generation
      )
      and known.details -> 'no_longer_seen' is null
  );
  return public.raise_alerts(v_alerts, p_now);
end;
$$;

comment on function private.raise_outdated_pushes(timestamptz) is
  'Raises push_outdated once for each proved push since private.harms_since() whose kick-off, teams, text or audience had changed before it; returns how many are new.';
revoke all on function private.raise_outdated_pushes(timestamptz) from public, anon, authenticated, service_role;
grant execute on function private.raise_outdated_pushes(timestamptz) to service_role;
