-- Which generations the send gate surely shuts out.
--
-- The gate lets pass the newest generation whose create succeeded, so a success shuts out all earlier ones. That is sure only
-- where every message of their campaign aborts without the gate's consent.

create function public.note_shut_out(p_campaign_id text, p_fails_closed boolean, p_from timestamptz, p_now timestamptz)
returns void
language plpgsql
volatile
security invoker
set search_path = ''
set jit = off
as $$
declare
  v_ledger_ids uuid[];
begin
  -- Ledger row first, then its generations: the webhook takes them in this order too.
  select pg_catalog.array_agg(changed.id) into v_ledger_ids
  from (
    select ledger.id
    from public.schedule_ledger as ledger
    where ledger.status = 'pending' and ledger.generation > 1
      and exists (
        select 1
        from public.braze_schedules as older
        where older.ledger_id = ledger.id and older.campaign_id = p_campaign_id
          and (older.shut_out_at is null) = p_fails_closed
      )
    order by ledger.id
    for no key update
  ) as changed;

  update public.braze_schedules as older
  set shut_out_at = case when p_fails_closed then p_from end, updated_at = p_now
  where older.ledger_id = any (v_ledger_ids) and older.campaign_id = p_campaign_id
    and (older.shut_out_at is null) = p_fails_closed
    and exists (
      select 1
      from public.schedule_attempts as newer
      where newer.ledger_id = older.ledger_id and newer.generation > older.generation
        and newer.kind = 'create' and newer.outcome = 'succeeded'
    );
end;
$$;

comment on function public.note_shut_out(text, boolean, timestamptz, timestamptz) is
  'Notes that the gate shuts out from p_from on the superseded generations of pending rows in a campaign whose messages fail closed; takes it back where they do not.';
revoke all on function public.note_shut_out(text, boolean, timestamptz, timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.note_shut_out(text, boolean, timestamptz, timestamptz) to service_role;
