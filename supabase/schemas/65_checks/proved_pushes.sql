-- The pushes that are proved to have gone out, as far back as harms are looked for.

create function private.proved_pushes(p_now timestamptz)
returns table (ledger_id uuid, match_id bigint, generation integer, sent_at timestamptz)
language sql
stable
security invoker
set search_path = ''
set jit = off
as $$
  select
    ledger.id, ledger.match_id, coalesce(schedule.generation, ledger.generation),
    coalesce(schedule.send_at_utc, ledger.send_at_utc)
  from public.schedule_ledger as ledger
  left join public.braze_schedules as schedule on schedule.ledger_id = ledger.id
  where ledger.send_at_utc > private.harms_since(p_now) and ledger.send_at_utc <= p_now
    and (
      schedule.first_event_at is not null
      or (ledger.status = 'sent' and coalesce(schedule.generation, ledger.generation) = ledger.generation)
    );
$$;

comment on function private.proved_pushes(timestamptz) is
  'Each schedule that was due since private.harms_since() and is proved to have gone out; sent_at: its scheduled time.';
revoke all on function private.proved_pushes(timestamptz) from public, anon, authenticated, service_role;
grant execute on function private.proved_pushes(timestamptz) to service_role;
