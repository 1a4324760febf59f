-- Operators read the tables of the dashboard with their own rights: one policy per table. Of events they read what
-- private.events_by_minute and private.events_without_match count.

grant select on table public.alerts to authenticated;
grant select on table public.braze_observations to authenticated;
grant select on table public.braze_schedules to authenticated;
grant select on table public.count_audit_logs to authenticated;
grant select on table public.job_runs to authenticated;
grant select on table public.match_changes to authenticated;
grant select on table public.match_counts to authenticated;
grant select on table public.matches to authenticated;
grant select on table public.operator_actions to authenticated;
grant select on table public.schedule_attempts to authenticated;
grant select on table public.schedule_ledger to authenticated;
grant select on table public.scheduler_logs to authenticated;
grant select on table public.webhook_health_metrics to authenticated;
grant select on table public.duplicate_trends to authenticated;
grant select on table public.teams to authenticated;

-- What the verdict of a match rests on beside them.
grant select on table private.held_changes to authenticated;
grant select on table private.listed_schedules to authenticated;
grant select on table private.schedule_holds to authenticated;
grant select on table private.settings to authenticated;

-- In a sub-select it runs once per query, not once per row.
create policy operators_read on public.alerts for select to authenticated using ((select public.is_operator()));
create policy operators_read on public.braze_observations for select to authenticated using ((select public.is_operator()));
create policy operators_read on public.braze_schedules for select to authenticated using ((select public.is_operator()));
create policy operators_read on public.count_audit_logs for select to authenticated using ((select public.is_operator()));
create policy operators_read on public.job_runs for select to authenticated using ((select public.is_operator()));
create policy operators_read on public.match_changes for select to authenticated using ((select public.is_operator()));
create policy operators_read on public.match_counts for select to authenticated using ((select public.is_operator()));
create policy operators_read on public.matches for select to authenticated using ((select public.is_operator()));
create policy operators_read on public.operator_actions for select to authenticated using ((select public.is_operator()));
create policy operators_read on public.schedule_attempts for select to authenticated using ((select public.is_operator()));
create policy operators_read on public.schedule_ledger for select to authenticated using ((select public.is_operator()));
create policy operators_read on public.teams for select to authenticated using ((select public.is_operator()));
create policy operators_read on private.held_changes for select to authenticated using ((select public.is_operator()));
create policy operators_read on private.listed_schedules for select to authenticated using ((select public.is_operator()));
create policy operators_read on private.schedule_holds for select to authenticated using ((select public.is_operator()));
create policy operators_read on private.settings for select to authenticated using ((select public.is_operator()));
create policy operators_read on public.webhook_health_metrics for select to authenticated
  using ((select public.is_operator()));
-- Log lines that name events need the secret key: an event's id may contain the user's.
create policy operators_read on public.scheduler_logs for select to authenticated
  using ((select public.is_operator()) and not details ?| array['event_id', 'event_ids']);
