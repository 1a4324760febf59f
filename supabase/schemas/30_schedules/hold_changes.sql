-- Records which removals and remakes a run of the scheduler holds back.
--
-- A hold ends when the change is carried out or is wanted no more. While the push may be going out it stays, since the
-- send gate reads it.

create function public.hold_changes(
  p_run_id uuid,
  p_lease_seconds integer,
  p_removals bigint[],
  p_remakes bigint[],
  p_now timestamptz,
  p_match_ids bigint[] default null
)
returns void
language plpgsql
volatile
security invoker
set search_path = ''
set jit = off
as $$
begin
  perform private.hold_lease(p_run_id, p_lease_seconds, p_now);

  insert into private.held_changes as held (ledger_id, match_id, kind, held_at)
  select ledger.id, ledger.match_id, case when ledger.match_id = any (p_removals) then 'removal' else 'remake' end, p_now
  from public.schedule_ledger as ledger
  where ledger.match_id = any (p_removals || p_remakes) and ledger.replaced_at is null
  order by ledger.id
  on conflict (ledger_id) do update
  -- Another kind of change is another question.
  set kind = excluded.kind, held_at = excluded.held_at, confirmed_at = null
  where held.kind <> excluded.kind;

  delete from private.held_changes as held
  using public.schedule_ledger as ledger, public.matches as match
  where ledger.id = held.ledger_id and match.id = held.match_id
    and (p_match_ids is null or held.match_id = any (p_match_ids))
    and held.match_id <> all (p_removals) and held.match_id <> all (p_remakes)
    and (
      held.kind = 'remake' or ledger.send_at_utc > p_now or not private.can_still_send(ledger.send_at_utc, null, p_now)
      or (match.status = 'scheduled' and match.push)
    );
end;
$$;

comment on function public.hold_changes(uuid, integer, bigint[], bigint[], timestamptz, bigint[]) is
  'Holds the removals and remakes of these matches, and ends other holds of p_match_ids (null: of all).';
revoke all on function public.hold_changes(uuid, integer, bigint[], bigint[], timestamptz, bigint[]) from public, anon, authenticated, service_role;
grant execute on function public.hold_changes(uuid, integer, bigint[], bigint[], timestamptz, bigint[]) to service_role;
