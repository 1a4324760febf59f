-- Stub of pg_cron 1.6 with the same tables, functions and errors; a worker of the local stack runs the jobs.

create schema cron;
grant usage on schema cron to public;
create sequence cron.jobid_seq;
create sequence cron.runid_seq;

create table cron.job (
  jobid bigint primary key default pg_catalog.nextval('cron.jobid_seq'),
  schedule text not null,
  command text not null,
  nodename text not null default 'localhost',
  nodeport int not null default coalesce(pg_catalog.inet_server_port(), 5432),
  database text not null default pg_catalog.current_database(),
  username text not null default current_user,
  active boolean not null default true,
  jobname text,
  constraint jobname_username_uniq unique (jobname, username)
);
alter table cron.job enable row level security;
create policy cron_job_policy on cron.job using (username = current_user);
grant select on cron.job to public;

create table cron.job_run_details (
  jobid bigint,
  runid bigint primary key default pg_catalog.nextval('cron.runid_seq'),
  job_pid integer,
  database text,
  username text,
  command text,
  status text,
  return_message text,
  start_time timestamptz,
  end_time timestamptz
);
alter table cron.job_run_details enable row level security;
create policy cron_job_run_details_policy on cron.job_run_details using (username = current_user);
grant select, delete on cron.job_run_details to public;
grant select on sequence cron.jobid_seq, cron.runid_seq to public;

create function cron.job_cache_invalidate() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  perform pg_catalog.pg_notify('local_cron_jobs', '');
  return null;
end;
$$;

create trigger cron_job_cache_invalidate
  after insert or update or delete or truncate on cron.job
  for each statement execute function cron.job_cache_invalidate();

-- Five fields of digits, stars, ranges, steps, names and `$` (last day of the month), or an interval of seconds.
create function cron._check_schedule(p_schedule text) returns void
language plpgsql
set search_path = ''
as $$
begin
  if p_schedule ~* '^\s*([1-9]|[1-5][0-9])\s+seconds?\s*$' then
    return;
  end if;
  if p_schedule ~* '^\s*([0-9*/,\-a-z$]+\s+){4}[0-9*/,\-a-z$]+\s*$' and p_schedule !~ '[0-9]{3}' then
    return;
  end if;
  raise exception 'invalid schedule: %', p_schedule
    using hint = 'Use cron format (e.g. 5 4 * * *), or interval format ''[1-59] seconds''';
end;
$$;

create function cron.schedule_in_database(
  job_name text,
  schedule text,
  command text,
  database text,
  username text default null,
  active boolean default true
) returns bigint
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_jobid bigint;
begin
  perform cron._check_schedule(schedule_in_database.schedule);
  insert into cron.job as job (jobname, schedule, command, database, username, active)
  values (
    schedule_in_database.job_name,
    schedule_in_database.schedule,
    schedule_in_database.command,
    schedule_in_database.database,
    coalesce(schedule_in_database.username, session_user),
    coalesce(schedule_in_database.active, true)
  )
  on conflict on constraint jobname_username_uniq do update
    set schedule = excluded.schedule,
        command = excluded.command,
        database = excluded.database,
        active = excluded.active
  returning job.jobid into v_jobid;
  return v_jobid;
end;
$$;
revoke all on function cron.schedule_in_database(text, text, text, text, text, boolean) from public;

create function cron.schedule(job_name text, schedule text, command text) returns bigint
language plpgsql
security definer
set search_path = ''
as $$
begin
  if schedule.job_name is null then
    raise exception 'job_name can not be NULL';
  end if;
  return cron.schedule_in_database(
    schedule.job_name, schedule.schedule, schedule.command, pg_catalog.current_database()
  );
end;
$$;

create function cron.schedule(schedule text, command text) returns bigint
language sql
strict
security definer
set search_path = ''
as $$
  select cron.schedule_in_database(null, schedule, command, pg_catalog.current_database())
$$;

create function cron.alter_job(
  job_id bigint,
  schedule text default null,
  command text default null,
  database text default null,
  username text default null,
  active boolean default null
) returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
  if alter_job.schedule is not null then
    perform cron._check_schedule(alter_job.schedule);
  end if;
  update cron.job as job
  set schedule = coalesce(alter_job.schedule, job.schedule),
      command = coalesce(alter_job.command, job.command),
      database = coalesce(alter_job.database, job.database),
      username = coalesce(alter_job.username, job.username),
      active = coalesce(alter_job.active, job.active)
  where job.jobid = alter_job.job_id;
  if not found then
    raise exception 'Job % does not exist or you don''t own it', alter_job.job_id;
  end if;
end;
$$;
revoke all on function cron.alter_job(bigint, text, text, text, text, boolean) from public;

create function cron.unschedule(job_id bigint) returns boolean
language plpgsql
strict
security definer
set search_path = ''
as $$
begin
  delete from cron.job as job where job.jobid = unschedule.job_id;
  if not found then
    raise exception 'could not find valid entry for job %', unschedule.job_id;
  end if;
  return true;
end;
$$;

create function cron.unschedule(job_name text) returns boolean
language plpgsql
strict
security definer
set search_path = ''
as $$
begin
  delete from cron.job as job where job.jobname = unschedule.job_name and job.username = session_user;
  if not found then
    raise exception 'could not find valid entry for job ''%''', unschedule.job_name;
  end if;
  return true;
end;
$$;
