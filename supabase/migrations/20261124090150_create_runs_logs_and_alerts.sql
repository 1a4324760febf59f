-- Create the record of the suite's own doings: runs, log, alerts.

create table public.job_runs (
  run_id uuid primary key default gen_random_uuid(),
  function_name text not null,
  slot timestamptz,
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
  constraint a_slot_runs_once unique (function_name, slot),
  constraint caller_is_known check (caller in ('cron', 'secret_key', 'operator')),
  constraint outcome_is_known check (
    outcome in ('called', 'running', 'succeeded', 'partial', 'failed', 'skipped', 'lost')
  ),
  constraint cron_has_a_slot check ((caller = 'cron') = (slot is not null)),
  constraint running_has_a_lease check (outcome <> 'running' or lease_until is not null)
);
comment on table public.job_runs is
  'One row for each run of a timed function. A run that ended is not a run that succeeded: read the outcome.';
comment on column public.job_runs.outcome is
  'called: cron asked, nobody answered yet. partial: stopped at its deadline, the next run goes on. lost: its lease ran out.';
comment on column public.job_runs.request_id is 'The pg_net request that carried the call.';

-- One run of a function at a time; dry runs change nothing and may stand beside it.
create unique index one_run_at_a_time_idx on public.job_runs (function_name)
  where outcome = 'running' and not dry_run;
create index job_runs_called_at_idx on public.job_runs (function_name, called_at desc);

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

create table public.alerts (
  id bigint generated always as identity primary key,
  fingerprint text not null,
  rule text not null,
  severity text not null,
  audience text not null,
  title text not null,
  details jsonb not null default '{}',
  match_id bigint,
  first_seen_at timestamptz not null,
  last_seen_at timestamptz not null,
  occurrences integer not null default 1,
  resolved_at timestamptz,
  delivered_at timestamptz,
  constraint severity_is_known check (severity in ('info', 'warning', 'critical')),
  constraint audience_is_known check (audience in ('admin', 'engineering')),
  constraint occurrences_start_at_one check (occurrences >= 1)
);
comment on table public.alerts is
  'What a person should look at. One open row for each fingerprint; seeing it again counts up.';

create unique index one_open_alert_a_fingerprint_idx on public.alerts (fingerprint) where resolved_at is null;
create index alerts_match_id_idx on public.alerts (match_id) where match_id is not null;

alter table public.job_runs enable row level security;
alter table public.scheduler_logs enable row level security;
alter table public.alerts enable row level security;
grant select, insert, update on public.job_runs, public.alerts to service_role;
grant select, insert on public.scheduler_logs to service_role;
