-- Marks ledger rows whose events were judged anew. Last in its transaction: a count takes the row before its mark.

create function private.mark_recount(p_ledger_ids uuid[], p_now timestamptz)
returns void
language sql
volatile
security invoker
set search_path = ''
set jit = off
as $$
  insert into private.recounts (ledger_id, marked_at)
  select distinct changed.ledger_id, p_now
  from pg_catalog.unnest(p_ledger_ids) as changed (ledger_id)
  where changed.ledger_id is not null
  order by changed.ledger_id
  on conflict (ledger_id) do nothing;
$$;

comment on function private.mark_recount(uuid[], timestamptz) is 'Has these ledger rows counted again.';
revoke all on function private.mark_recount(uuid[], timestamptz) from public, anon, authenticated, service_role;
grant execute on function private.mark_recount(uuid[], timestamptz) to service_role;
