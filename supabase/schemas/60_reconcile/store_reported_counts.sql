-- Stores how many sends Braze reports, and when it was asked.

create function public.store_reported_counts(p_counts jsonb, p_now timestamptz)
returns integer
language plpgsql
volatile
security invoker
set search_path = ''
set jit = off
as $$
declare
  v_ledger_ids uuid[] := array(
    select distinct told.ledger_id from pg_catalog.jsonb_to_recordset(p_counts) as told (ledger_id uuid)
  );
  v_changed integer;
begin
  perform 1
  from public.schedule_ledger as ledger
  where ledger.id = any (v_ledger_ids)
  order by ledger.id
  for no key update;

  update public.schedule_ledger as ledger
  set braze_reported_count = told.count, updated_at = p_now
  from pg_catalog.jsonb_to_recordset(p_counts) as told (ledger_id uuid, count integer)
  where ledger.id = any (v_ledger_ids) and ledger.id = told.ledger_id
    and told.count is not null and ledger.braze_reported_count is distinct from told.count;
  get diagnostics v_changed = row_count;
  update public.schedule_ledger as ledger set statistics_at = p_now where ledger.id = any (v_ledger_ids);
  return v_changed;
end;
$$;

comment on function public.store_reported_counts(jsonb, timestamptz) is
  'Stores [{ledger_id, count}]: Braze''s count under each match''s own send id, null where it gave none; returns how many changed.';
revoke all on function public.store_reported_counts(jsonb, timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.store_reported_counts(jsonb, timestamptz) to service_role;
