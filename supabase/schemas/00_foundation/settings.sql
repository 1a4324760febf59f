-- Settings that SQL needs: one row. The edge functions have theirs in the environment.

create table private.settings (
  only_row boolean primary key default true,
  partition_by text not null default 'month',
  partitions_ahead integer not null default 3,
  partitions_behind integer not null default 1,
  event_claims_kept interval not null default '3 days',
  call_failures_watched interval not null default '1 hour',
  rejects_an_hour_max integer not null default 100,
  reject_bytes_an_hour_max bigint not null default 200000,
  missing_events_share_max numeric not null default 0.05,
  unattributed_share_max numeric not null default 0.05,
  push_short_share_max numeric not null default 0.1,
  push_short_after interval not null default '45 minutes',
  push_bounced_share_max numeric not null default 0.2,
  push_aborted_share_max numeric not null default 0.2,
  push_late_after interval not null default '15 minutes',
  push_surplus_share_max numeric not null default 0.05,
  push_surplus_after interval not null default '6 hours',
  numbers_judged_min integer not null default 20,
  removals_max integer not null default 5,
  removal_share_max numeric not null default 0.2,
  remakes_max integer not null default 10,
  remake_share_max numeric not null default 0.2,
  cron_runs_kept interval default '7 days',
  logs_kept interval default '180 days',
  job_runs_kept interval default '90 days',
  audits_kept interval default '400 days',
  observations_kept interval default '7 days',
  resolved_alerts_kept interval default '400 days',
  raw_payloads_kept interval default '90 days',
  partitions_kept interval default '24 months',
  rejects_kept interval default '180 days',
  operator_actions_kept interval,
  erasures_kept interval,
  prune_batch integer not null default 20000,
  constraint there_is_one_row check (only_row),
  constraint partition_by_is_known check (partition_by in ('day', 'month')),
  constraint partitions_ahead_is_positive check (partitions_ahead >= 1),
  constraint partitions_behind_is_not_negative check (partitions_behind >= 0),
  constraint rejects_an_hour_max_is_not_negative check (rejects_an_hour_max >= 0),
  constraint reject_bytes_an_hour_max_is_not_negative check (reject_bytes_an_hour_max >= 0),
  constraint unattributed_share_max_is_a_share check (unattributed_share_max >= 0 and unattributed_share_max < 1),
  constraint push_short_share_max_is_a_share check (push_short_share_max >= 0 and push_short_share_max < 1),
  constraint push_short_after_is_not_negative check (push_short_after >= interval '0'),
  constraint push_bounced_share_max_is_a_share check (push_bounced_share_max >= 0 and push_bounced_share_max < 1),
  constraint push_aborted_share_max_is_a_share check (push_aborted_share_max >= 0 and push_aborted_share_max < 1),
  constraint push_late_after_is_positive check (push_late_after > interval '0'),
  constraint push_surplus_share_max_is_a_share check (push_surplus_share_max >= 0 and push_surplus_share_max < 1),
  constraint push_surplus_after_is_not_negative check (push_surplus_after >= interval '0'),
  constraint numbers_judged_min_is_positive check (numbers_judged_min >= 1),
  constraint missing_events_share_max_is_a_share check (missing_events_share_max >= 0 and missing_events_share_max < 1),
  constraint removals_max_is_positive check (removals_max >= 1),
  constraint removal_share_max_is_a_share check (removal_share_max >= 0 and removal_share_max <= 1),
  constraint remakes_max_is_positive check (remakes_max >= 1),
  constraint remake_share_max_is_a_share check (remake_share_max >= 0 and remake_share_max <= 1),
  -- The heartbeat reads the last success of a daily function; the trend of duplicates reads three days.
  constraint job_runs_are_kept_for_a_week check (job_runs_kept >= interval '7 days'),
  constraint logs_are_kept_for_a_week check (logs_kept >= interval '7 days'),
  constraint partitions_are_kept_for_a_month check (partitions_kept >= interval '1 month'),
  -- A transition shows between two observations.
  constraint observations_are_kept_for_a_day check (observations_kept >= interval '1 day'),
  -- The heartbeat counts the rejects of the last hour.
  constraint rejects_are_kept_for_a_day check (rejects_kept >= interval '1 day'),
  -- Braze may repeat a delivery until then.
  constraint erasures_are_kept_for_a_week check (erasures_kept >= interval '7 days'),
  constraint prune_batch_is_positive check (prune_batch >= 1)
);
comment on table private.settings is 'Settings that SQL needs; the functions have theirs in the environment.';
comment on column private.settings.call_failures_watched is
  'How far back the heartbeat looks for calls by pg_cron that were not answered with 2xx. pg_net keeps answers for 6 hours.';
comment on column private.settings.rejects_an_hour_max is 'More rejected events than this in an hour raise an alert.';
comment on column private.settings.reject_bytes_an_hour_max is
  'The same in bytes: how many events a body holds is not known where it cannot be read.';
comment on column private.settings.unattributed_share_max is
  'The share of the pushes that may be ours, of two hours, that may have no match before an alert is raised.';
comment on column private.settings.push_short_share_max is
  'How far below the expected minimum the number of users may be, as a share of it, before push_short is raised.';
comment on column private.settings.push_short_after is 'How long after the send time: Currents come up to half an hour late.';
comment on column private.settings.push_bounced_share_max is 'The share of the users whose push may bounce before push_bounced is raised.';
comment on column private.settings.push_aborted_share_max is
  'The share of the users for whom Braze may abort the push (frequency cap, quiet hours, …) before push_aborted is raised.';
comment on column private.settings.push_late_after is 'push_late is raised where Braze sends half of the pushes later than this. Raise it if the campaign limits its speed.';
comment on column private.settings.push_surplus_share_max is
  'How far our push events may exceed Braze''s own count, as a share of it, before push_surplus is raised.';
comment on column private.settings.push_surplus_after is
  'How long after the send time: how late Braze''s statistics are is not documented.';
comment on column private.settings.numbers_judged_min is 'Shares of fewer users than this are not judged.';
comment on column private.settings.removals_max is
  'How many schedules one run of the scheduler takes off because their matches were called off; beyond it, none.';
comment on column private.settings.removal_share_max is 'The same, as a share of the pending schedules. One is always allowed.';
comment on column private.settings.remakes_max is
  'How many schedules one run deletes and makes again because their text or audience changed; beyond it, none.';
comment on column private.settings.remake_share_max is 'The same, as a share of the pending schedules. One is always allowed.';
comment on column private.settings.cron_runs_kept is 'Of cron.job_run_details. null, here and below: for ever.';
comment on column private.settings.raw_payloads_kept is
  'After this period, raw_payload of an event becomes {}: its platform and abort type are lost.';
comment on column private.settings.partitions_kept is 'After this, partitions of notification_sends are dropped with their events.';
comment on column private.settings.prune_batch is 'How many rows of a kind one call of private.prune_history takes.';
comment on column private.settings.missing_events_share_max is
  'The share of the pushes in Braze''s count that may be missing among our events before an alert is raised. Braze does not promise equality.';
comment on column private.settings.rejects_kept is
  'How long a body that could not be read is kept after its last delivery, replayed or not.';
comment on column private.settings.operator_actions_kept is 'An action that is gone cannot be undone any more.';
comment on column private.settings.erasures_kept is
  'After this period, a repeated event of an erased person would be stored again, with the person.';

alter table private.settings enable row level security;
revoke all on table private.settings from public, anon, authenticated, service_role;
grant select on table private.settings to service_role;

insert into private.settings default values;
