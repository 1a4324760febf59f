-- The fields of an event that may stay when its person is erased.

create function private.fields_without_personal_data()
returns text[]
language sql
immutable
security invoker
set search_path = ''
as $$
  select array[
    'event_type', 'time', 'sent_at', 'campaign_id', 'dispatch_id', 'send_id', 'schedule_id', 'braze_schedule_id',
    'match_id', 'ledger_id', 'generation', 'platform', 'abort_type'
  ];
$$;

comment on function private.fields_without_personal_data() is 'Fields of an event that say nothing of a person: they stay.';
revoke all on function private.fields_without_personal_data() from public, anon, authenticated, service_role;
grant execute on function private.fields_without_personal_data() to service_role;
