/**
 * What the secret key may do with each table, view and function of the API, and what of that operators may read.
 * Nobody else may do anything.
 *
 * Written out, and compared with what the catalogue holds: what a migration adds and this table does not know
 * turns a test red.
 */

/** s: read, i: add, u: change, d: delete. */
export const TABLES: Readonly<Record<string, string>> = {
  alerts: "siu",
  braze_schedules: "siu",
  count_audit_logs: "si",
  event_claims: "siu",
  job_runs: "siu",
  match_changes: "si",
  matches: "siud",
  notification_sends: "siu",
  operator_actions: "si",
  schedule_attempts: "siu",
  schedule_identifiers: "siu",
  schedule_ledger: "siu",
  scheduler_logs: "siu",
  teams: "siud",
  webhook_daily_counts: "siu",
  webhook_health_metrics: "siu",
  webhook_health_patterns: "sid",
  webhook_rejects: "siu",
};

export const VIEWS: readonly string[] = [
  "duplicate_trends",
  "match_verification",
  "missing_ids",
  "webhook_failure_patterns",
];

/** All of them for the secret key: the edge functions' doors, and what a person calls with curl. */
export const FUNCTIONS: readonly string[] = [
  "adopt_schedule",
  "cancel_absent",
  "cancel_ledger",
  "claim_alert_deliveries",
  "claim_run",
  "close_attempt",
  "confirm_by_events",
  "correlation_context",
  "detect_double_pushes",
  "erase_user",
  "finish_run",
  "close_abandoned_attempts",
  "ingest_events",
  "ingest_identified_events",
  "is_operator",
  "judge_event_quality",
  "reactivate_schedule",
  "last_health_date",
  "load_audit",
  "load_gate_facts",
  "load_unattributed_sends",
  "load_plan_input",
  "load_preflight",
  "load_reconciliation",
  "load_rejects",
  "mark_replayed",
  "mark_sent",
  "match_events",
  "match_timeline",
  "matchday_summary",
  "measure_webhook_health",
  "record_listing",
  "record_preflight",
  "open_create",
  "open_delete",
  "load_unattributed_echoes",
  "load_unattributed_groups",
  "load_affected_events",
  "open_send_id",
  "open_unmanaged_delete",
  "open_update",
  "raise_alerts",
  "record_alert_delivery",
  "record_audit",
  "refresh_send_counts",
  "release_create",
  "supersede_gated_create",
  "resolve_past_alerts",
  "rollup_webhook_health",
  "sync_alerts",
  "attribute_by_elimination",
  "confirm_by_statistics",
  "reattribute_events",
  "reattribute_single_events",
  "resolve_unknown_attempts",
  "store_audience_sizes",
  "store_reported_counts",
  "teams_to_measure",
  "undo_mark_sent",
  "write_logs",
];

/** Read by who is signed in; policies let only operators see a row. */
export const OPERATORS_READ: readonly string[] = [
  "alerts",
  "braze_schedules",
  "count_audit_logs",
  "duplicate_trends",
  "job_runs",
  "match_changes",
  "matches",
  "notification_sends",
  "operator_actions",
  "schedule_attempts",
  "schedule_ledger",
  "scheduler_logs",
  "webhook_health_metrics",
];

/** Called by who is signed in; they tell operators something, and everybody else nothing. */
export const OPERATORS_CALL: readonly string[] = [
  "is_operator",
  "match_events",
  "match_timeline",
  "matchday_summary",
];

/** Of an event, what operators may not read: who got it, on what, what Braze told of it. */
export const EVENT_SECRETS: readonly string[] = [
  "event_id",
  "external_user_id",
  "device_id",
  "braze_schedule_id",
  "dispatch_id",
  "send_id",
  "time_is_send_time",
  "raw_payload",
];
