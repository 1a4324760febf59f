-- Create private.unapplied_lessons: identifiers that are known, while stored events still wait for them.

create function private.unapplied_lessons(p_identifiers jsonb)
returns jsonb
language plpgsql
stable
security invoker
set search_path = ''
as $$
begin
  return (
    select coalesce(pg_catalog.jsonb_agg(pg_catalog.to_jsonb(known)), '[]')
    from pg_catalog.jsonb_to_recordset(p_identifiers) as identifier (kind text, value text)
    -- Lateral: a plain join would read the whole registry, since 100 rows are assumed of any jsonb.
    cross join lateral (
      select registered.kind, registered.value, registered.ledger_id, registered.ambiguous
      from public.schedule_identifiers as registered
      where registered.kind = identifier.kind and registered.value = identifier.value
      limit 1
    ) as known
    where known.ambiguous
      or (known.kind = 'dispatch_id' and exists (
        select from public.notification_sends as open
        where open.dispatch_id = known.value and open.confidence <> 'high'
      ))
      or (known.kind = 'send_id' and exists (
        select from public.notification_sends as open
        where open.send_id = known.value and open.confidence <> 'high'
      ))
      or (known.kind = 'schedule_id' and exists (
        select from public.notification_sends as open
        where open.braze_schedule_id = known.value and open.confidence <> 'high'
      ))
  );
end;
$$;

comment on function private.unapplied_lessons(jsonb) is
  'Of [{kind, value}] those that open_evidence must look at: a stored event may be settled or reopened by them.';

revoke execute on function private.unapplied_lessons(jsonb) from public;
grant execute on function private.unapplied_lessons(jsonb) to service_role;
