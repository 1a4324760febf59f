-- Let operators read what the dashboard shows, with their own rights: the claim that the functions know them by, one
-- policy a table, and of events no more than what is counted.

create function public.is_operator()
returns boolean
language sql
stable
security invoker
set search_path = ''
as $$
  -- Users can write their user_metadata, never their app_metadata.
  select coalesce(
    nullif(pg_catalog.current_setting('request.jwt.claims', true), '')::jsonb #>> '{app_metadata,role}' = 'operator',
    false
  );
$$;

comment on function public.is_operator() is
  'Whether the caller''s token says app_metadata.role = operator. The policies ask it, and the dashboard before it asks for more.';

revoke execute on function public.is_operator() from public;
revoke execute on function public.is_operator() from anon;
grant execute on function public.is_operator() to authenticated, service_role;

grant select on
  public.alerts, public.braze_schedules, public.count_audit_logs, public.job_runs, public.match_changes, public.matches,
  public.operator_actions, public.schedule_attempts, public.schedule_ledger, public.scheduler_logs,
  public.webhook_health_metrics, public.duplicate_trends
to authenticated;

-- Not who got a push, nor on which device, nor what Braze told: an event's own id may be made of the user's.
grant select (
  sent_at, event_type, channel, match_id, ledger_id, generation, campaign_id, received_at, correlation_method,
  confidence, time_diff_ms, candidate_count, candidate_match_ids
) on public.notification_sends to authenticated;

-- In a sub-select it is asked once a query, not once a row.
create policy operators_read on public.alerts for select to authenticated using ((select public.is_operator()));
create policy operators_read on public.braze_schedules for select to authenticated using ((select public.is_operator()));
create policy operators_read on public.count_audit_logs for select to authenticated using ((select public.is_operator()));
create policy operators_read on public.job_runs for select to authenticated using ((select public.is_operator()));
create policy operators_read on public.match_changes for select to authenticated using ((select public.is_operator()));
create policy operators_read on public.matches for select to authenticated using ((select public.is_operator()));
create policy operators_read on public.notification_sends for select to authenticated using ((select public.is_operator()));
create policy operators_read on public.operator_actions for select to authenticated using ((select public.is_operator()));
create policy operators_read on public.schedule_attempts for select to authenticated using ((select public.is_operator()));
create policy operators_read on public.schedule_ledger for select to authenticated using ((select public.is_operator()));
create policy operators_read on public.webhook_health_metrics for select to authenticated
  using ((select public.is_operator()));
-- Lines that name a single event stay with the secret key.
create policy operators_read on public.scheduler_logs for select to authenticated
  using ((select public.is_operator()) and not details ? 'event_id');

-- Events of a time that no match has, for the page of a match that they could belong to. They are few, or should be.
create index notification_sends_unattributed_idx on public.notification_sends (sent_at) where confidence = 'none';
