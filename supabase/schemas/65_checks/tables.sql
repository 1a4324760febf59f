-- The hourly audits: the ledger compared with Braze's list.

create table public.count_audit_logs (
  id bigint generated always as identity primary key,
  run_id uuid not null,
  checked_at timestamptz not null,
  listing_mode text not null,
  ledger_pending integer not null,
  braze_actual integer,
  delta integer generated always as (braze_actual - ledger_pending) stored,
  status text not null,
  missing_in_braze jsonb,
  extra_in_braze jsonb,
  expected_next_send timestamptz,
  listed_next_send timestamptz,
  next_send_agrees boolean,
  constraint a_run_audits_once unique (run_id),
  constraint listing_mode_is_known check (listing_mode in ('per_schedule', 'per_campaign', 'empty', 'unavailable')),
  constraint status_is_known check (status in ('in_sync', 'mismatch', 'unknown')),
  constraint only_a_list_of_schedules_can_be_counted check (
    (status = 'unknown') = (listing_mode <> 'per_schedule') and (status = 'unknown') = (braze_actual is null)
  ),
  constraint sets_are_told_when_known check (
    (status = 'unknown') = (missing_in_braze is null) and (status = 'unknown') = (extra_in_braze is null)
  ),
  -- Equal counts can hide one missing and one extra.
  constraint in_sync_means_equal_sets check (
    (status = 'in_sync') = coalesce(missing_in_braze = '[]' and extra_in_braze = '[]', false)
  )
);
comment on table public.count_audit_logs is
  'One row for each audit: pending in the ledger within the horizon, against what Braze lists, as counts and as sets.';
comment on column public.count_audit_logs.braze_actual is 'null where the list cannot show single schedules: nothing is known then.';
comment on column public.count_audit_logs.delta is 'Braze minus ledger: the number of extra schedules minus the number of missing ones.';
comment on column public.count_audit_logs.missing_in_braze is '[{match_id, schedule_id}]: in the ledger, not listed by Braze.';
comment on column public.count_audit_logs.extra_in_braze is
  '[{match_id, schedule_id}]: listed by Braze for our campaign and not in the ledger, including second schedules of a match.';

comment on column public.count_audit_logs.expected_next_send is
  'The minute that a list of campaigns must name next, as far as the ledger knows; null where there is nothing to compare.';
comment on column public.count_audit_logs.listed_next_send is 'The next send of the campaign in Braze''s list; only a list of campaigns has it.';
comment on column public.count_audit_logs.next_send_agrees is
  'Whether both are the same minute: not contradicted. It says nothing about a single match.';

create index count_audit_logs_checked_at_idx on public.count_audit_logs (checked_at);

alter table public.count_audit_logs enable row level security;
revoke all on table public.count_audit_logs from public, anon, authenticated, service_role;
grant select, insert on table public.count_audit_logs to service_role;
revoke all on sequence public.count_audit_logs_id_seq from public, anon, authenticated, service_role;
