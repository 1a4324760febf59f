-- Whether a match that was called off keeps its push, since too many were called off at once.
--
-- The scheduler marks what it holds. Until it has run, the send gate counts by itself.

create function private.too_many_removals(p_from timestamptz)
returns boolean
language sql
stable
security invoker
set search_path = ''
as $$
  select count(*) filter (
    where held.confirmed_at is null
      -- Matches that were played are no mistake.
      and (match.status in ('postponed', 'cancelled') or not match.push
        or (match.status = 'finished' and ledger.status = 'pending'))
  ) > private.changes_allowed(count(*), min(settings.removals_max), min(settings.removal_share_max))
  from private.settings as settings
  join public.schedule_ledger as ledger on ledger.status <> 'cancelled' and ledger.send_at_utc >= p_from
  join public.matches as match on match.id = ledger.match_id
  left join private.held_changes as held on held.ledger_id = ledger.id and held.kind = 'removal';
$$;

comment on function private.too_many_removals(timestamptz) is
  'Whether more matches whose push is due from p_from on were called off than one run may take off. Pushes that are seen going out still count.';
revoke all on function private.too_many_removals(timestamptz) from public, anon, authenticated, service_role;
grant execute on function private.too_many_removals(timestamptz) to service_role;

create function private.is_removal_held(p_ledger_id uuid)
returns boolean
language sql
stable
security invoker
set search_path = ''
as $$
  select case
    when held.kind = 'removal' then held.confirmed_at is null
    -- The scheduler has not seen it yet.
    else ledger.status <> 'cancelled' and private.too_many_removals(ledger.send_at_utc)
  end
  from public.schedule_ledger as ledger
  left join private.held_changes as held on held.ledger_id = ledger.id
  where ledger.id = p_ledger_id;
$$;

comment on function private.is_removal_held(uuid) is
  'Whether the removal of a match that was called off waits for a person: then its push goes out as planned.';
revoke all on function private.is_removal_held(uuid) from public, anon, authenticated, service_role;
grant execute on function private.is_removal_held(uuid) to service_role;
