/**
 * Who may do what with each table, view and function: the only statement of it.
 *
 * tests/database/rules/rights_test.ts compares it with the catalogue, so an object that a migration adds and this list
 * lacks fails a test, and so does a right that is missing or one too many. The tests of tests/security take from it what
 * to ask for over HTTP.
 */

/** What the secret key (service_role) may do with each table of the API. s: read, i: add, u: change, d: delete. */
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

/** What service_role may do with the tables of the schema `private`, which no caller reaches. */
export const PRIVATE_TABLES: Readonly<Record<string, string>> = {
  erased_events: "si",
  erased_users: "siu",
  erasure_keys: "s",
  event_partitions: "s",
  prune_progress: "su",
  settings: "s",
};

/** Readable with the secret key. */
export const VIEWS: readonly string[] = [
  "duplicate_trends",
  "match_verification",
  "missing_ids",
  "webhook_failure_patterns",
];

/** All for the secret key: the entry points of the edge functions, and what a person calls with curl. */
export const FUNCTIONS: readonly string[] = [
  "adopt_schedule",
  "attribute_by_elimination",
  "cancel_absent",
  "cancel_ledger",
  "claim_alert_deliveries",
  "claim_run",
  "close_abandoned_attempts",
  "close_attempt",
  "confirm_by_events",
  "confirm_by_statistics",
  "correlation_context",
  "detect_double_pushes",
  "erase_user",
  "finish_run",
  "ingest_events",
  "ingest_identified_events",
  "is_operator",
  "judge_event_quality",
  "last_health_date",
  "load_affected_events",
  "load_audit",
  "load_gate_facts",
  "load_plan_input",
  "load_preflight",
  "load_reconciliation",
  "load_rejects",
  "load_unattributed_echoes",
  "load_unattributed_groups",
  "load_unattributed_sends",
  "mark_replayed",
  "mark_sent",
  "match_events",
  "match_timeline",
  "matchday_summary",
  "measure_webhook_health",
  "open_create",
  "open_delete",
  "open_send_id",
  "open_unmanaged_delete",
  "open_update",
  "raise_alerts",
  "reactivate_schedule",
  "reattribute_events",
  "reattribute_single_events",
  "record_alert_delivery",
  "record_audit",
  "record_listing",
  "record_preflight",
  "refresh_send_counts",
  "release_create",
  "resolve_past_alerts",
  "resolve_unknown_attempts",
  "rollup_webhook_health",
  "store_audience_sizes",
  "store_reported_counts",
  "supersede_gated_create",
  "sync_alerts",
  "teams_to_measure",
  "undo_mark_sent",
  "write_logs",
];

/** Helpers in `private` that functions of the API call with the rights of service_role. What cron calls is not granted. */
export const PRIVATE_FUNCTIONS: readonly string[] = [
  "alert_message",
  "all_deletes_failed",
  "anonymise_body",
  "anonymise_events",
  "anonymise_part",
  "anonymise_payload",
  "anonymise_rejects",
  "anonymise_text",
  "apply_outcome",
  "body_parts",
  "can_be_live",
  "can_still_send",
  "claim_event_times",
  "device_pseudonym",
  "digest_of_bytes",
  "event_pseudonym",
  "fields_without_personal_data",
  "hold_lease",
  "is_own_send_id",
  "json_or_null",
  "json_texts",
  "judge_confidence",
  "judge_missing_webhooks",
  "keyed_digest",
  "lock_pending",
  "match_title",
  "newly_known_identifiers",
  "open_change",
  "record_send_proof",
  "register_identifiers",
  "release_generation",
  "remove_from_text",
  "replace_in_list",
  "resolve_explicit_ids",
  "resolve_unconfirmed_schedule",
  "resolve_unknown_attempt",
  "revoke_send_proof",
  "sending_span",
  "store_events",
  "store_rejects",
  "utf8_or_null",
];

/** Readable by signed-in users; policies let only operators see a row. */
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

/** Callable by signed-in users; they return data to operators, and nothing to others. */
export const OPERATORS_CALL: readonly string[] = [
  "is_operator",
  "match_events",
  "match_timeline",
  "matchday_summary",
];

/** Of an event, what operators may not read: who got it, on what, what Braze sent about it. */
export const EVENT_SECRETS: readonly string[] = [
  "braze_schedule_id",
  "device_id",
  "dispatch_id",
  "event_id",
  "external_user_id",
  "raw_payload",
  "send_id",
  "time_is_send_time",
];
