-- Event claims outlast Braze's retries, no longer.

create function private.prune_event_claims(p_now timestamptz)
returns integer
language plpgsql
volatile
security invoker
set search_path = ''
set jit = off
as $$
declare
  v_pruned integer;
begin
  delete from public.event_claims as claim
  where claim.claimed_at < p_now - (select settings.event_claims_kept from private.settings as settings);
  get diagnostics v_pruned = row_count;
  return v_pruned;
end;
$$;

comment on function private.prune_event_claims(timestamptz) is
  'Deletes claims older than settings.event_claims_kept; returns how many.';
revoke all on function private.prune_event_claims(timestamptz) from public, anon, authenticated, service_role;
