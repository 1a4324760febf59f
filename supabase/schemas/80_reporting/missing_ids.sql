-- How many pending schedules lack an identifier.

create view public.missing_ids
with (security_invoker = true)
as
select
  count(*) as total_schedules,
  count(ledger.dispatch_id) as with_dispatch_id,
  count(ledger.send_id) as with_send_id,
  count(*) - count(ledger.dispatch_id) as missing_dispatch_id,
  count(*) - count(ledger.send_id) as missing_send_id
from public.schedule_ledger as ledger
where ledger.status = 'pending';
comment on view public.missing_ids is 'How many pending schedules have no dispatch id or send id yet: events without an echo cannot be tied to them by id.';

revoke all on table public.missing_ids from public, anon, authenticated, service_role;
grant select on table public.missing_ids to service_role;
