-- Runs of the timed functions, and the log that a person reads.

create table public.job_runs (
  run_id uuid primary key default gen_random_uuid(),
  function_name text not null,
  scheduled_at timestamptz,
  invocation_id text unique,
  request_id bigint,
  caller text not null,
  dry_run boolean not null default false,
  outcome text not null,
  called_at timestamptz not null,
  started_at timestamptz,
  lease_until timestamptz,
  finished_at timestamptz,
  summary jsonb,
  error text,
  constraint a_scheduled_time_runs_once unique (function_name, scheduled_at),
  constraint caller_is_known check (caller in ('cron', 'secret_key', 'operator')),
  constraint outcome_is_known check (
    outcome in ('called', 'running', 'succeeded', 'partial', 'failed', 'skipped', 'lost')
  ),
  constraint cron_has_a_scheduled_time check ((caller = 'cron') = (scheduled_at is not null)),
  constraint running_has_a_lease check (outcome <> 'running' or lease_until is not null)
);
comment on table public.job_runs is
  'One row for each run of a timed function. A run that ended is not a run that succeeded: read the outcome.';
comment on column public.job_runs.outcome is
  'called: pg_cron has called, the function has not claimed the run yet. partial: stopped at its deadline, the next run continues. lost: its lease ran out.';
comment on column public.job_runs.request_id is 'The pg_net request that carried the call.';

-- One run of a function at a time; dry runs change nothing and may run beside it.
create unique index one_run_at_a_time_idx on public.job_runs (function_name)
  where outcome = 'running' and not dry_run;
create index job_runs_called_at_idx on public.job_runs (function_name, called_at desc);

alter table public.job_runs enable row level security;
revoke all on table public.job_runs from public, anon, authenticated, service_role;
grant select, insert, update on table public.job_runs to service_role;

create table public.scheduler_logs (
  id bigint generated always as identity primary key,
  logged_at timestamptz not null,
  function_name text not null,
  action text not null,
  reason text not null,
  match_id bigint,
  run_id uuid,
  details jsonb not null default '{}'
);
comment on table public.scheduler_logs is 'What the functions noticed and did, in words, for a person to read.';

create index scheduler_logs_logged_at_idx on public.scheduler_logs (logged_at);
create index scheduler_logs_match_id_idx on public.scheduler_logs (match_id, logged_at) where match_id is not null;
create index scheduler_logs_duplicates_idx on public.scheduler_logs (logged_at) where action = 'duplicate_count';
-- Logs name events by their ids, which some senders make from the id of the user.
create index scheduler_logs_event_ids_idx on public.scheduler_logs using gin ((details -> 'event_ids'))
  where details ? 'event_ids';
create index scheduler_logs_event_id_idx on public.scheduler_logs ((details ->> 'event_id')) where details ? 'event_id';

alter table public.scheduler_logs enable row level security;
revoke all on table public.scheduler_logs from public, anon, authenticated, service_role;
grant select, insert, update on table public.scheduler_logs to service_role;
revoke all on sequence public.scheduler_logs_id_seq from public, anon, authenticated, service_role;
