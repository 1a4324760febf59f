-- Whether so many matches were called off at once that a person has to confirm it.

create function private.has_too_many_removals(p_from timestamptz)
returns boolean
language sql
stable
security invoker
set search_path = ''
set jit = off
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

comment on function private.has_too_many_removals(timestamptz) is
  'Whether more matches whose push is due from p_from on were called off than one run may take off. Pushes that are seen going out still count.';
revoke all on function private.has_too_many_removals(timestamptz) from public, anon, authenticated, service_role;
grant execute on function private.has_too_many_removals(timestamptz) to authenticated, service_role;
