-- What the ledger expects Braze to hold, and what is known of the schedules that Braze lists.

create function public.load_audit(p_schedule_ids text[], p_now timestamptz)
returns jsonb
language sql
stable
security invoker
set search_path = ''
set jit = off
as $$
  select pg_catalog.jsonb_build_object(
    'pending', coalesce((
      select pg_catalog.jsonb_agg(
        pg_catalog.jsonb_build_object(
          'match_id', ledger.match_id,
          'ledger_id', ledger.id,
          'generation', ledger.generation,
          'braze_schedule_id', schedule.braze_schedule_id,
          'send_at', ledger.send_at_utc,
          'asked_at', schedule.created_at
        )
        order by ledger.send_at_utc, ledger.match_id
      )
      from public.schedule_ledger as ledger
      join public.braze_schedules as schedule
        on schedule.ledger_id = ledger.id and schedule.generation = ledger.generation
      where ledger.status = 'pending' and ledger.send_at_utc > p_now
    ), '[]'),
    'known', coalesce((
      select pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
        'braze_schedule_id', schedule.braze_schedule_id,
        'match_id', ledger.match_id,
        'is_deleted', schedule.state = 'deleted',
        'changed_at', schedule.updated_at
      ))
      from public.braze_schedules as schedule
      join public.schedule_ledger as ledger on ledger.id = schedule.ledger_id
      where schedule.braze_schedule_id = any (p_schedule_ids)
    ), '[]')
  );
$$;

comment on function public.load_audit(text[], timestamptz) is
  'Pending ledger rows that are still to be sent, and what we know of p_schedule_ids.';
revoke all on function public.load_audit(text[], timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.load_audit(text[], timestamptz) to service_role;
