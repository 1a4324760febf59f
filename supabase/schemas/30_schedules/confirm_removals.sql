-- A person confirms removals and remakes that were held because too many came at once.
--
-- The next plan carries them out. Named one by one, so that nothing is confirmed that came after the person looked.

create function public.confirm_removals(
  p_match_ids bigint[],
  p_reason text,
  p_actor_kind text,
  p_run_id uuid,
  p_dry_run boolean,
  p_now timestamptz,
  p_actor_id text default null
)
returns jsonb
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  v_confirmed bigint[];
begin
  perform from private.held_changes as held
  where held.match_id = any (p_match_ids) order by held.ledger_id for update;

  select coalesce(pg_catalog.array_agg(held.match_id order by held.match_id), '{}') into v_confirmed
  from private.held_changes as held
  where held.match_id = any (p_match_ids) and held.confirmed_at is null;

  if not p_dry_run then
    insert into public.operator_actions
      (acted_at, action, match_id, ledger_id, generation, actor_kind, actor_id, reason, before, run_id)
    select p_now, 'confirm_removals', held.match_id, held.ledger_id, ledger.generation, p_actor_kind, p_actor_id, p_reason,
      pg_catalog.jsonb_build_object('kind', held.kind, 'held_at', held.held_at), p_run_id
    from private.held_changes as held
    join public.schedule_ledger as ledger on ledger.id = held.ledger_id
    where held.match_id = any (v_confirmed)
    order by held.match_id;

    update private.held_changes as held
    set confirmed_at = p_now
    where held.match_id = any (v_confirmed);
  end if;

  return (
    select coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
      'match_id', asked.id,
      'done', asked.id = any (v_confirmed),
      'refused', case
        when asked.id = any (v_confirmed) then null
        when held.ledger_id is null then 'nothing of this match is held'
        else 'it is confirmed already'
      end
    ) order by asked.id), '[]')
    from (select distinct asked.id from pg_catalog.unnest(p_match_ids) as asked (id)) as asked
    left join private.held_changes as held on held.match_id = asked.id
  );
end;
$$;

comment on function public.confirm_removals(bigint[], text, text, uuid, boolean, timestamptz, text) is
  'A person confirms held removals and remakes, which the next plan carries out; returns [{match_id, done, refused}]. A dry run changes nothing.';
revoke all on function public.confirm_removals(bigint[], text, text, uuid, boolean, timestamptz, text) from public, anon, authenticated, service_role;
grant execute on function public.confirm_removals(bigint[], text, text, uuid, boolean, timestamptz, text) to service_role;
