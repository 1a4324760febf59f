-- The two tables of the original algorithm, with the columns that its analysis names.

create type public.schedule_status as enum ('pending', 'sent', 'cancelled');

create table public.schedule_ledger (
  id uuid primary key default gen_random_uuid(),
  match_id bigint not null unique,
  braze_schedule_id text,
  signature text,
  send_at_utc timestamptz not null,
  status public.schedule_status not null default 'pending',
  -- Braze returns neither at the creation of a schedule, so both stay empty, as the analysis found them.
  dispatch_id text,
  send_id text
);
create index schedule_ledger_send_at_idx on public.schedule_ledger (send_at_utc);
create index schedule_ledger_dispatch_idx on public.schedule_ledger (dispatch_id);
create index schedule_ledger_send_idx on public.schedule_ledger (send_id);

create table public.notification_sends (
  id uuid primary key default gen_random_uuid(),
  -- Not in the original: without it a repeated event would be a second row.
  event_id text not null unique,
  external_user_id text,
  match_id bigint,
  braze_schedule_id text,
  dispatch_id text,
  send_id text,
  sent_at timestamptz,
  raw_payload jsonb
);
create index notification_sends_match_idx on public.notification_sends (match_id);

grant select, insert, update on public.schedule_ledger, public.notification_sends to service_role;
