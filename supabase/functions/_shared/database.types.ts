export type Json = string | number | boolean | null | { [key: string]: Json | undefined } | Json[];

export type Database = {
  "public": {
    Tables: {
      "alerts": {
        Row: {
          "audience": string;
          "delivered_as": string | null;
          "delivered_at": string | null;
          "delivered_severity": string | null;
          "delivery_attempts": number;
          "delivery_claim": string | null;
          "delivery_claimed_until": string | null;
          "delivery_error": string | null;
          "delivery_kind": string | null;
          "details": NonNullable<Json>;
          "fingerprint": string;
          "first_seen_at": string;
          "id": number;
          "kind": string;
          "last_seen_at": string;
          "match_id": number | null;
          "next_delivery_at": string | null;
          "occurrences": number;
          "resolution_delivered_at": string | null;
          "resolved_as": string | null;
          "resolved_at": string | null;
          "rule": string;
          "severity": string;
          "title": string;
          "told_as_changing": boolean;
        };
        ComputedFields: never;
        Insert: {
          "audience": string;
          "delivered_as"?: string | null;
          "delivered_at"?: string | null;
          "delivered_severity"?: string | null;
          "delivery_attempts"?: number;
          "delivery_claim"?: string | null;
          "delivery_claimed_until"?: string | null;
          "delivery_error"?: string | null;
          "delivery_kind"?: string | null;
          "details"?: NonNullable<Json>;
          "fingerprint": string;
          "first_seen_at": string;
          "id"?: never;
          "kind": string;
          "last_seen_at": string;
          "match_id"?: number | null;
          "next_delivery_at"?: string | null;
          "occurrences"?: number;
          "resolution_delivered_at"?: string | null;
          "resolved_as"?: string | null;
          "resolved_at"?: string | null;
          "rule": string;
          "severity": string;
          "title": string;
          "told_as_changing"?: boolean;
        };
        Update: {
          "audience"?: string;
          "delivered_as"?: string | null;
          "delivered_at"?: string | null;
          "delivered_severity"?: string | null;
          "delivery_attempts"?: number;
          "delivery_claim"?: string | null;
          "delivery_claimed_until"?: string | null;
          "delivery_error"?: string | null;
          "delivery_kind"?: string | null;
          "details"?: NonNullable<Json>;
          "fingerprint"?: string;
          "first_seen_at"?: string;
          "id"?: never;
          "kind"?: string;
          "last_seen_at"?: string;
          "match_id"?: number | null;
          "next_delivery_at"?: string | null;
          "occurrences"?: number;
          "resolution_delivered_at"?: string | null;
          "resolved_as"?: string | null;
          "resolved_at"?: string | null;
          "rule"?: string;
          "severity"?: string;
          "title"?: string;
          "told_as_changing"?: boolean;
        };
        Relationships: [];
      };
      "braze_observations": {
        Row: {
          "agreed_next_send": string | null;
          "began_at": string;
          "campaign_detail": string | null;
          "campaign_id": string;
          "campaign_state": string;
          "covers_until": string;
          "expected_next_send": string | null;
          "id": number;
          "listed": number | null;
          "listed_next_send": string | null;
          "listing_detail": string | null;
          "listing_mode": string;
          "next_send_agrees": boolean | null;
          "next_send_is_trusted": boolean;
          "run_id": string;
          "send_gate": string | null;
          "unmanaged_send_expected": boolean;
        };
        ComputedFields: never;
        Insert: {
          "agreed_next_send"?: string | null;
          "began_at": string;
          "campaign_detail"?: string | null;
          "campaign_id": string;
          "campaign_state": string;
          "covers_until": string;
          "expected_next_send"?: string | null;
          "id"?: never;
          "listed"?: number | null;
          "listed_next_send"?: string | null;
          "listing_detail"?: string | null;
          "listing_mode": string;
          "next_send_agrees"?: boolean | null;
          "next_send_is_trusted"?: boolean;
          "run_id": string;
          "send_gate"?: string | null;
          "unmanaged_send_expected"?: boolean;
        };
        Update: {
          "agreed_next_send"?: string | null;
          "began_at"?: string;
          "campaign_detail"?: string | null;
          "campaign_id"?: string;
          "campaign_state"?: string;
          "covers_until"?: string;
          "expected_next_send"?: string | null;
          "id"?: never;
          "listed"?: number | null;
          "listed_next_send"?: string | null;
          "listing_detail"?: string | null;
          "listing_mode"?: string;
          "next_send_agrees"?: boolean | null;
          "next_send_is_trusted"?: boolean;
          "run_id"?: string;
          "send_gate"?: string | null;
          "unmanaged_send_expected"?: boolean;
        };
        Relationships: [];
      };
      "braze_schedules": {
        Row: {
          "absent_at": string | null;
          "adopted_at": string | null;
          "braze_schedule_id": string | null;
          "campaign_id": string;
          "created_at": string;
          "deleted_at": string | null;
          "doubt": string | null;
          "doubted_at": string | null;
          "expected": Json | null;
          "first_event_at": string | null;
          "gated": boolean;
          "generation": number;
          "ledger_id": string;
          "listed_at": string | null;
          "missed_at": string | null;
          "moving_to_utc": string | null;
          "send_at_utc": string;
          "settled_at": string | null;
          "shut_out_at": string | null;
          "signature": string | null;
          "state": string;
          "state_before_proof": string | null;
          "updated_at": string;
        };
        ComputedFields: never;
        Insert: {
          "absent_at"?: string | null;
          "adopted_at"?: string | null;
          "braze_schedule_id"?: string | null;
          "campaign_id": string;
          "created_at": string;
          "deleted_at"?: string | null;
          "doubt"?: string | null;
          "doubted_at"?: string | null;
          "expected"?: Json | null;
          "first_event_at"?: string | null;
          "gated"?: boolean;
          "generation": number;
          "ledger_id": string;
          "listed_at"?: string | null;
          "missed_at"?: string | null;
          "moving_to_utc"?: string | null;
          "send_at_utc": string;
          "settled_at"?: string | null;
          "shut_out_at"?: string | null;
          "signature"?: string | null;
          "state": string;
          "state_before_proof"?: string | null;
          "updated_at": string;
        };
        Update: {
          "absent_at"?: string | null;
          "adopted_at"?: string | null;
          "braze_schedule_id"?: string | null;
          "campaign_id"?: string;
          "created_at"?: string;
          "deleted_at"?: string | null;
          "doubt"?: string | null;
          "doubted_at"?: string | null;
          "expected"?: Json | null;
          "first_event_at"?: string | null;
          "gated"?: boolean;
          "generation"?: number;
          "ledger_id"?: string;
          "listed_at"?: string | null;
          "missed_at"?: string | null;
          "moving_to_utc"?: string | null;
          "send_at_utc"?: string;
          "settled_at"?: string | null;
          "shut_out_at"?: string | null;
          "signature"?: string | null;
          "state"?: string;
          "state_before_proof"?: string | null;
          "updated_at"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "braze_schedules_ledger_id_fkey";
            columns: ["ledger_id"];
            isOneToOne: false;
            referencedRelation: "schedule_ledger";
            referencedColumns: ["id"];
          },
        ];
      };
      "count_audit_logs": {
        Row: {
          "braze_actual": number | null;
          "checked_at": string;
          "delta": number | null;
          "expected_next_send": string | null;
          "extra_in_braze": Json | null;
          "id": number;
          "ledger_pending": number;
          "listed_next_send": string | null;
          "listing_mode": string;
          "missing_in_braze": Json | null;
          "next_send_agrees": boolean | null;
          "run_id": string;
          "status": string;
        };
        ComputedFields: never;
        Insert: {
          "braze_actual"?: number | null;
          "checked_at": string;
          "delta"?: never;
          "expected_next_send"?: string | null;
          "extra_in_braze"?: Json | null;
          "id"?: never;
          "ledger_pending": number;
          "listed_next_send"?: string | null;
          "listing_mode": string;
          "missing_in_braze"?: Json | null;
          "next_send_agrees"?: boolean | null;
          "run_id": string;
          "status": string;
        };
        Update: {
          "braze_actual"?: number | null;
          "checked_at"?: string;
          "delta"?: never;
          "expected_next_send"?: string | null;
          "extra_in_braze"?: Json | null;
          "id"?: never;
          "ledger_pending"?: number;
          "listed_next_send"?: string | null;
          "listing_mode"?: string;
          "missing_in_braze"?: Json | null;
          "next_send_agrees"?: boolean | null;
          "run_id"?: string;
          "status"?: string;
        };
        Relationships: [];
      };
      "event_claims": {
        Row: {
          "claimed_at": string;
          "event_id": string;
          "sent_at": string;
        };
        ComputedFields: never;
        Insert: {
          "claimed_at": string;
          "event_id": string;
          "sent_at": string;
        };
        Update: {
          "claimed_at"?: string;
          "event_id"?: string;
          "sent_at"?: string;
        };
        Relationships: [];
      };
      "job_runs": {
        Row: {
          "called_at": string;
          "caller": string;
          "dry_run": boolean;
          "error": string | null;
          "finished_at": string | null;
          "function_name": string;
          "invocation_id": string | null;
          "lease_until": string | null;
          "outcome": string;
          "request_id": number | null;
          "run_id": string;
          "scheduled_at": string | null;
          "started_at": string | null;
          "summary": Json | null;
        };
        ComputedFields: never;
        Insert: {
          "called_at": string;
          "caller": string;
          "dry_run"?: boolean;
          "error"?: string | null;
          "finished_at"?: string | null;
          "function_name": string;
          "invocation_id"?: string | null;
          "lease_until"?: string | null;
          "outcome": string;
          "request_id"?: number | null;
          "run_id"?: string;
          "scheduled_at"?: string | null;
          "started_at"?: string | null;
          "summary"?: Json | null;
        };
        Update: {
          "called_at"?: string;
          "caller"?: string;
          "dry_run"?: boolean;
          "error"?: string | null;
          "finished_at"?: string | null;
          "function_name"?: string;
          "invocation_id"?: string | null;
          "lease_until"?: string | null;
          "outcome"?: string;
          "request_id"?: number | null;
          "run_id"?: string;
          "scheduled_at"?: string | null;
          "started_at"?: string | null;
          "summary"?: Json | null;
        };
        Relationships: [];
      };
      "match_changes": {
        Row: {
          "changed_at": string;
          "changes": NonNullable<Json>;
          "id": number;
          "kind": string;
          "match_id": number;
        };
        ComputedFields: never;
        Insert: {
          "changed_at": string;
          "changes": NonNullable<Json>;
          "id"?: never;
          "kind": string;
          "match_id": number;
        };
        Update: {
          "changed_at"?: string;
          "changes"?: NonNullable<Json>;
          "id"?: never;
          "kind"?: string;
          "match_id"?: number;
        };
        Relationships: [];
      };
      "match_counts": {
        Row: {
          "abort_reasons": NonNullable<Json>;
          "aborted_users": number;
          "bounced_users": number;
          "counted_at": string;
          "delays": NonNullable<Json>;
          "events": number;
          "first_delay_ms": number | null;
          "first_received_at": string | null;
          "first_sent_at": string | null;
          "generation": number;
          "last_received_at": string | null;
          "last_sent_at": string | null;
          "latenesses": NonNullable<Json>;
          "ledger_id": string;
          "low_events": number;
          "low_push_sends": number;
          "opened_users": number;
          "platforms": NonNullable<Json>;
          "push_sends": number;
          "users": number;
          "webhook_sends": number;
        };
        ComputedFields: never;
        Insert: {
          "abort_reasons": NonNullable<Json>;
          "aborted_users": number;
          "bounced_users": number;
          "counted_at": string;
          "delays": NonNullable<Json>;
          "events": number;
          "first_delay_ms"?: number | null;
          "first_received_at"?: string | null;
          "first_sent_at"?: string | null;
          "generation": number;
          "last_received_at"?: string | null;
          "last_sent_at"?: string | null;
          "latenesses": NonNullable<Json>;
          "ledger_id": string;
          "low_events": number;
          "low_push_sends": number;
          "opened_users": number;
          "platforms": NonNullable<Json>;
          "push_sends": number;
          "users": number;
          "webhook_sends": number;
        };
        Update: {
          "abort_reasons"?: NonNullable<Json>;
          "aborted_users"?: number;
          "bounced_users"?: number;
          "counted_at"?: string;
          "delays"?: NonNullable<Json>;
          "events"?: number;
          "first_delay_ms"?: number | null;
          "first_received_at"?: string | null;
          "first_sent_at"?: string | null;
          "generation"?: number;
          "last_received_at"?: string | null;
          "last_sent_at"?: string | null;
          "latenesses"?: NonNullable<Json>;
          "ledger_id"?: string;
          "low_events"?: number;
          "low_push_sends"?: number;
          "opened_users"?: number;
          "platforms"?: NonNullable<Json>;
          "push_sends"?: number;
          "users"?: number;
          "webhook_sends"?: number;
        };
        Relationships: [
          {
            foreignKeyName: "match_counts_ledger_id_fkey";
            columns: ["ledger_id"];
            isOneToOne: false;
            referencedRelation: "schedule_ledger";
            referencedColumns: ["id"];
          },
        ];
      };
      "matches": {
        Row: {
          "away_team": string;
          "competition": string;
          "home_team": string;
          "id": number;
          "kickoff_at": string;
          "kickoff_confirmed": boolean;
          "push": boolean;
          "status": string;
          "trigger_properties": NonNullable<Json>;
          "updated_at": string;
        };
        ComputedFields: never;
        Insert: {
          "away_team": string;
          "competition": string;
          "home_team": string;
          "id": number;
          "kickoff_at": string;
          "kickoff_confirmed"?: boolean;
          "push"?: boolean;
          "status"?: string;
          "trigger_properties"?: NonNullable<Json>;
          "updated_at"?: string;
        };
        Update: {
          "away_team"?: string;
          "competition"?: string;
          "home_team"?: string;
          "id"?: number;
          "kickoff_at"?: string;
          "kickoff_confirmed"?: boolean;
          "push"?: boolean;
          "status"?: string;
          "trigger_properties"?: NonNullable<Json>;
          "updated_at"?: string;
        };
        Relationships: [];
      };
      "notification_sends": {
        Row: {
          "braze_schedule_id": string | null;
          "braze_user_id": string | null;
          "campaign_id": string | null;
          "candidate_count": number;
          "candidate_match_ids": (number)[] | null;
          "canvas_id": string | null;
          "channel": string;
          "confidence": Database["public"]["Enums"]["confidence"];
          "correlation_method": Database["public"]["Enums"]["correlation_method"];
          "device_id": string | null;
          "dispatch_id": string | null;
          "echoed_attempt_id": string | null;
          "echoed_generation": string | null;
          "echoed_ledger_id": string | null;
          "echoed_match_id": string | null;
          "event_id": string;
          "event_type": string;
          "external_user_id": string | null;
          "generation": number | null;
          "has_foreign_extras": boolean;
          "ledger_id": string | null;
          "match_id": number | null;
          "proof": Database["public"]["Enums"]["send_proof"] | null;
          "raw_payload": NonNullable<Json>;
          "received_at": string;
          "send_id": string | null;
          "sent_at": string;
          "time_diff_ms": number | null;
          "time_kind": Database["public"]["Enums"]["time_kind"];
          "timing": Database["public"]["Enums"]["send_timing"] | null;
        };
        ComputedFields: never;
        Insert: {
          "braze_schedule_id"?: string | null;
          "braze_user_id"?: string | null;
          "campaign_id"?: string | null;
          "candidate_count"?: number;
          "candidate_match_ids"?: (number)[] | null;
          "canvas_id"?: string | null;
          "channel": string;
          "confidence": Database["public"]["Enums"]["confidence"];
          "correlation_method": Database["public"]["Enums"]["correlation_method"];
          "device_id"?: string | null;
          "dispatch_id"?: string | null;
          "echoed_attempt_id"?: string | null;
          "echoed_generation"?: string | null;
          "echoed_ledger_id"?: string | null;
          "echoed_match_id"?: string | null;
          "event_id": string;
          "event_type": string;
          "external_user_id"?: string | null;
          "generation"?: number | null;
          "has_foreign_extras"?: boolean;
          "ledger_id"?: string | null;
          "match_id"?: number | null;
          "proof"?: Database["public"]["Enums"]["send_proof"] | null;
          "raw_payload": NonNullable<Json>;
          "received_at": string;
          "send_id"?: string | null;
          "sent_at": string;
          "time_diff_ms"?: number | null;
          "time_kind": Database["public"]["Enums"]["time_kind"];
          "timing"?: Database["public"]["Enums"]["send_timing"] | null;
        };
        Update: {
          "braze_schedule_id"?: string | null;
          "braze_user_id"?: string | null;
          "campaign_id"?: string | null;
          "candidate_count"?: number;
          "candidate_match_ids"?: (number)[] | null;
          "canvas_id"?: string | null;
          "channel"?: string;
          "confidence"?: Database["public"]["Enums"]["confidence"];
          "correlation_method"?: Database["public"]["Enums"]["correlation_method"];
          "device_id"?: string | null;
          "dispatch_id"?: string | null;
          "echoed_attempt_id"?: string | null;
          "echoed_generation"?: string | null;
          "echoed_ledger_id"?: string | null;
          "echoed_match_id"?: string | null;
          "event_id"?: string;
          "event_type"?: string;
          "external_user_id"?: string | null;
          "generation"?: number | null;
          "has_foreign_extras"?: boolean;
          "ledger_id"?: string | null;
          "match_id"?: number | null;
          "proof"?: Database["public"]["Enums"]["send_proof"] | null;
          "raw_payload"?: NonNullable<Json>;
          "received_at"?: string;
          "send_id"?: string | null;
          "sent_at"?: string;
          "time_diff_ms"?: number | null;
          "time_kind"?: Database["public"]["Enums"]["time_kind"];
          "timing"?: Database["public"]["Enums"]["send_timing"] | null;
        };
        Relationships: [];
      };
      "operator_actions": {
        Row: {
          "acted_at": string;
          "action": string;
          "actor_id": string | null;
          "actor_kind": string;
          "before": NonNullable<Json>;
          "details": NonNullable<Json>;
          "generation": number | null;
          "id": number;
          "ledger_id": string | null;
          "match_id": number | null;
          "reason": string;
          "run_id": string | null;
          "undoes": number | null;
        };
        ComputedFields: never;
        Insert: {
          "acted_at": string;
          "action": string;
          "actor_id"?: string | null;
          "actor_kind": string;
          "before": NonNullable<Json>;
          "details"?: NonNullable<Json>;
          "generation"?: number | null;
          "id"?: never;
          "ledger_id"?: string | null;
          "match_id"?: number | null;
          "reason": string;
          "run_id"?: string | null;
          "undoes"?: number | null;
        };
        Update: {
          "acted_at"?: string;
          "action"?: string;
          "actor_id"?: string | null;
          "actor_kind"?: string;
          "before"?: NonNullable<Json>;
          "details"?: NonNullable<Json>;
          "generation"?: number | null;
          "id"?: never;
          "ledger_id"?: string | null;
          "match_id"?: number | null;
          "reason"?: string;
          "run_id"?: string | null;
          "undoes"?: number | null;
        };
        Relationships: [
          {
            foreignKeyName: "operator_actions_ledger_id_fkey";
            columns: ["ledger_id"];
            isOneToOne: false;
            referencedRelation: "schedule_ledger";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "operator_actions_undoes_fkey";
            columns: ["undoes"];
            isOneToOne: true;
            referencedRelation: "operator_actions";
            referencedColumns: ["id"];
          },
        ];
      };
      "schedule_attempts": {
        Row: {
          "braze_schedule_id": string | null;
          "closed_at": string | null;
          "detail": string | null;
          "generation": number | null;
          "http_status": number | null;
          "id": string;
          "kind": string;
          "ledger_id": string | null;
          "match_id": number | null;
          "missed_at": string | null;
          "opened_at": string;
          "outcome": string | null;
          "reason": string;
          "request": NonNullable<Json>;
          "resolved_as": string | null;
          "resolved_at": string | null;
          "response": Json | null;
          "run_id": string;
        };
        ComputedFields: never;
        Insert: {
          "braze_schedule_id"?: string | null;
          "closed_at"?: string | null;
          "detail"?: string | null;
          "generation"?: number | null;
          "http_status"?: number | null;
          "id": string;
          "kind": string;
          "ledger_id"?: string | null;
          "match_id"?: number | null;
          "missed_at"?: string | null;
          "opened_at": string;
          "outcome"?: string | null;
          "reason": string;
          "request": NonNullable<Json>;
          "resolved_as"?: string | null;
          "resolved_at"?: string | null;
          "response"?: Json | null;
          "run_id": string;
        };
        Update: {
          "braze_schedule_id"?: string | null;
          "closed_at"?: string | null;
          "detail"?: string | null;
          "generation"?: number | null;
          "http_status"?: number | null;
          "id"?: string;
          "kind"?: string;
          "ledger_id"?: string | null;
          "match_id"?: number | null;
          "missed_at"?: string | null;
          "opened_at"?: string;
          "outcome"?: string | null;
          "reason"?: string;
          "request"?: NonNullable<Json>;
          "resolved_as"?: string | null;
          "resolved_at"?: string | null;
          "response"?: Json | null;
          "run_id"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "schedule_attempts_ledger_id_fkey";
            columns: ["ledger_id"];
            isOneToOne: false;
            referencedRelation: "schedule_ledger";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "schedule_attempts_run_id_fkey";
            columns: ["run_id"];
            isOneToOne: false;
            referencedRelation: "job_runs";
            referencedColumns: ["run_id"];
          },
        ];
      };
      "schedule_identifiers": {
        Row: {
          "ambiguous": boolean;
          "first_seen_at": string;
          "generation": number | null;
          "generations_differ": boolean;
          "kind": string;
          "ledger_id": string;
          "source": string;
          "value": string;
        };
        ComputedFields: never;
        Insert: {
          "ambiguous"?: boolean;
          "first_seen_at": string;
          "generation"?: number | null;
          "generations_differ"?: boolean;
          "kind": string;
          "ledger_id": string;
          "source": string;
          "value": string;
        };
        Update: {
          "ambiguous"?: boolean;
          "first_seen_at"?: string;
          "generation"?: number | null;
          "generations_differ"?: boolean;
          "kind"?: string;
          "ledger_id"?: string;
          "source"?: string;
          "value"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "schedule_identifiers_ledger_id_fkey";
            columns: ["ledger_id"];
            isOneToOne: false;
            referencedRelation: "schedule_ledger";
            referencedColumns: ["id"];
          },
        ];
      };
      "schedule_ledger": {
        Row: {
          "actual_send_count": number | null;
          "braze_reported_count": number | null;
          "braze_schedule_id": string | null;
          "campaign_id": string;
          "cancel_reason": string | null;
          "cancel_reason_before_proof": string | null;
          "counted_at": string | null;
          "created_at": string;
          "dispatch_id": string | null;
          "double_push_users": number | null;
          "expected_send_count": number | null;
          "expected_send_count_max": number | null;
          "expected_send_count_min": number | null;
          "expected_source": string | null;
          "generation": number;
          "id": string;
          "intent": number;
          "made_for": Json | null;
          "match_id": number;
          "notes": string | null;
          "preflight_at": string | null;
          "preflight_result": string | null;
          "replaced_at": string | null;
          "send_at_utc": string;
          "send_count_delta": number | null;
          "send_id": string | null;
          "sent_confirmed_at": string | null;
          "sent_evidence": string | null;
          "signature": string;
          "statistics_at": string | null;
          "status": Database["public"]["Enums"]["schedule_status"];
          "updated_at": string;
        };
        ComputedFields: never;
        Insert: {
          "actual_send_count"?: number | null;
          "braze_reported_count"?: number | null;
          "braze_schedule_id"?: string | null;
          "campaign_id": string;
          "cancel_reason"?: string | null;
          "cancel_reason_before_proof"?: string | null;
          "counted_at"?: string | null;
          "created_at": string;
          "dispatch_id"?: string | null;
          "double_push_users"?: number | null;
          "expected_send_count"?: number | null;
          "expected_send_count_max"?: number | null;
          "expected_send_count_min"?: number | null;
          "expected_source"?: string | null;
          "generation": number;
          "id"?: string;
          "intent"?: number;
          "made_for"?: Json | null;
          "match_id": number;
          "notes"?: string | null;
          "preflight_at"?: string | null;
          "preflight_result"?: string | null;
          "replaced_at"?: string | null;
          "send_at_utc": string;
          "send_count_delta"?: never;
          "send_id"?: string | null;
          "sent_confirmed_at"?: string | null;
          "sent_evidence"?: string | null;
          "signature": string;
          "statistics_at"?: string | null;
          "status"?: Database["public"]["Enums"]["schedule_status"];
          "updated_at": string;
        };
        Update: {
          "actual_send_count"?: number | null;
          "braze_reported_count"?: number | null;
          "braze_schedule_id"?: string | null;
          "campaign_id"?: string;
          "cancel_reason"?: string | null;
          "cancel_reason_before_proof"?: string | null;
          "counted_at"?: string | null;
          "created_at"?: string;
          "dispatch_id"?: string | null;
          "double_push_users"?: number | null;
          "expected_send_count"?: number | null;
          "expected_send_count_max"?: number | null;
          "expected_send_count_min"?: number | null;
          "expected_source"?: string | null;
          "generation"?: number;
          "id"?: string;
          "intent"?: number;
          "made_for"?: Json | null;
          "match_id"?: number;
          "notes"?: string | null;
          "preflight_at"?: string | null;
          "preflight_result"?: string | null;
          "replaced_at"?: string | null;
          "send_at_utc"?: string;
          "send_count_delta"?: never;
          "send_id"?: string | null;
          "sent_confirmed_at"?: string | null;
          "sent_evidence"?: string | null;
          "signature"?: string;
          "statistics_at"?: string | null;
          "status"?: Database["public"]["Enums"]["schedule_status"];
          "updated_at"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "schedule_ledger_match_id_fkey";
            columns: ["match_id"];
            isOneToOne: false;
            referencedRelation: "matches";
            referencedColumns: ["id"];
          },
        ];
      };
      "scheduler_logs": {
        Row: {
          "action": string;
          "details": NonNullable<Json>;
          "function_name": string;
          "id": number;
          "logged_at": string;
          "match_id": number | null;
          "reason": string;
          "run_id": string | null;
        };
        ComputedFields: never;
        Insert: {
          "action": string;
          "details"?: NonNullable<Json>;
          "function_name": string;
          "id"?: never;
          "logged_at": string;
          "match_id"?: number | null;
          "reason": string;
          "run_id"?: string | null;
        };
        Update: {
          "action"?: string;
          "details"?: NonNullable<Json>;
          "function_name"?: string;
          "id"?: never;
          "logged_at"?: string;
          "match_id"?: number | null;
          "reason"?: string;
          "run_id"?: string | null;
        };
        Relationships: [];
      };
      "teams": {
        Row: {
          "audience_measured_at": string | null;
          "audience_size": number | null;
          "braze_attribute_value": string;
          "braze_segment_id": string | null;
          "name": string;
          "notify": boolean;
        };
        ComputedFields: never;
        Insert: {
          "audience_measured_at"?: string | null;
          "audience_size"?: number | null;
          "braze_attribute_value": string;
          "braze_segment_id"?: string | null;
          "name": string;
          "notify"?: boolean;
        };
        Update: {
          "audience_measured_at"?: string | null;
          "audience_size"?: number | null;
          "braze_attribute_value"?: string;
          "braze_segment_id"?: string | null;
          "name"?: string;
          "notify"?: boolean;
        };
        Relationships: [];
      };
      "webhook_daily_counts": {
        Row: {
          "date": string;
          "duplicates": number;
          "received": number;
          "rejected": number;
          "shard": number;
        };
        ComputedFields: never;
        Insert: {
          "date": string;
          "duplicates": number;
          "received": number;
          "rejected": number;
          "shard": number;
        };
        Update: {
          "date"?: string;
          "duplicates"?: number;
          "received"?: number;
          "rejected"?: number;
          "shard"?: number;
        };
        Relationships: [];
      };
      "webhook_health_metrics": {
        Row: {
          "avg_send_lateness_ms": number | null;
          "avg_webhook_delay_ms": number | null;
          "braze_reported_sends": number | null;
          "created_at": string;
          "date": string;
          "delta": number | null;
          "duplicates": number;
          "events": number;
          "id": string;
          "low_confidence_share": number | null;
          "p50_send_lateness_ms": number | null;
          "p50_webhook_delay_ms": number | null;
          "p95_send_lateness_ms": number | null;
          "p95_webhook_delay_ms": number | null;
          "p99_send_lateness_ms": number | null;
          "p99_webhook_delay_ms": number | null;
          "push_sends": number;
          "rejects": number;
          "total_schedules_sent": number;
          "unattributed": number;
          "updated_at": string;
          "webhooks_delayed_10min": number;
          "webhooks_delayed_5min": number;
          "webhooks_never_received": number;
          "webhooks_received": number;
        };
        ComputedFields: never;
        Insert: {
          "avg_send_lateness_ms"?: number | null;
          "avg_webhook_delay_ms"?: number | null;
          "braze_reported_sends"?: number | null;
          "created_at": string;
          "date": string;
          "delta"?: number | null;
          "duplicates": number;
          "events": number;
          "id"?: string;
          "low_confidence_share"?: number | null;
          "p50_send_lateness_ms"?: number | null;
          "p50_webhook_delay_ms"?: number | null;
          "p95_send_lateness_ms"?: number | null;
          "p95_webhook_delay_ms"?: number | null;
          "p99_send_lateness_ms"?: number | null;
          "p99_webhook_delay_ms"?: number | null;
          "push_sends": number;
          "rejects": number;
          "total_schedules_sent": number;
          "unattributed": number;
          "updated_at": string;
          "webhooks_delayed_10min": number;
          "webhooks_delayed_5min": number;
          "webhooks_never_received": number;
          "webhooks_received": number;
        };
        Update: {
          "avg_send_lateness_ms"?: number | null;
          "avg_webhook_delay_ms"?: number | null;
          "braze_reported_sends"?: number | null;
          "created_at"?: string;
          "date"?: string;
          "delta"?: number | null;
          "duplicates"?: number;
          "events"?: number;
          "id"?: string;
          "low_confidence_share"?: number | null;
          "p50_send_lateness_ms"?: number | null;
          "p50_webhook_delay_ms"?: number | null;
          "p95_send_lateness_ms"?: number | null;
          "p95_webhook_delay_ms"?: number | null;
          "p99_send_lateness_ms"?: number | null;
          "p99_webhook_delay_ms"?: number | null;
          "push_sends"?: number;
          "rejects"?: number;
          "total_schedules_sent"?: number;
          "unattributed"?: number;
          "updated_at"?: string;
          "webhooks_delayed_10min"?: number;
          "webhooks_delayed_5min"?: number;
          "webhooks_never_received"?: number;
          "webhooks_received"?: number;
        };
        Relationships: [];
      };
      "webhook_health_patterns": {
        Row: {
          "braze_reported_sends": number | null;
          "date": string;
          "delay_ms_max": number | null;
          "delay_ms_sum": number;
          "dimension": string;
          "never_received": number | null;
          "push_sends": number;
          "recorded_of_reported": number | null;
          "schedules": number;
          "sends_delayed_5min": number;
          "value": string;
        };
        ComputedFields: never;
        Insert: {
          "braze_reported_sends"?: number | null;
          "date": string;
          "delay_ms_max"?: number | null;
          "delay_ms_sum": number;
          "dimension": string;
          "never_received"?: number | null;
          "push_sends": number;
          "recorded_of_reported"?: number | null;
          "schedules": number;
          "sends_delayed_5min": number;
          "value": string;
        };
        Update: {
          "braze_reported_sends"?: number | null;
          "date"?: string;
          "delay_ms_max"?: number | null;
          "delay_ms_sum"?: number;
          "dimension"?: string;
          "never_received"?: number | null;
          "push_sends"?: number;
          "recorded_of_reported"?: number | null;
          "schedules"?: number;
          "sends_delayed_5min"?: number;
          "value"?: string;
        };
        Relationships: [];
      };
      "webhook_rejects": {
        Row: {
          "body": string;
          "content_type": string | null;
          "digest": string;
          "first_received_at": string;
          "last_received_at": string;
          "occurrences": number;
          "reason": string;
          "replayed_at": string | null;
        };
        ComputedFields: never;
        Insert: {
          "body": string;
          "content_type"?: string | null;
          "digest": string;
          "first_received_at": string;
          "last_received_at": string;
          "occurrences"?: number;
          "reason": string;
          "replayed_at"?: string | null;
        };
        Update: {
          "body"?: string;
          "content_type"?: string | null;
          "digest"?: string;
          "first_received_at"?: string;
          "last_received_at"?: string;
          "occurrences"?: number;
          "reason"?: string;
          "replayed_at"?: string | null;
        };
        Relationships: [];
      };
    };
    Views: {
      "duplicate_trends": {
        Row: {
          "date": string | null;
          "duplicates": number | null;
          "duplicates_in_7_days": number | null;
          "duplicates_the_day_before": number | null;
          "matches": number | null;
          "most_affected": Json | null;
        };
        ComputedFields: never;
        Relationships: [];
      };
      "match_verification": {
        Row: {
          "aborts": number | null;
          "aborts_by_type": Json | null;
          "actual_users": number | null;
          "away_team": string;
          "bounces": number | null;
          "braze_reported_sends": number | null;
          "competition": string;
          "delta": number | null;
          "events": number | null;
          "expected_source": string | null;
          "expected_users": number | null;
          "expected_users_max": number | null;
          "expected_users_min": number | null;
          "generation": number;
          "home_team": string;
          "low_confidence": number | null;
          "match_id": number;
          "missing_sends": number | null;
          "opens": number | null;
          "send_at_utc": string;
          "sends": number | null;
          "sent_evidence": string | null;
          "status": Database["public"]["Enums"]["schedule_status"];
          "verdict": string | null;
          "webhook_sends": number | null;
        };
        ComputedFields: never;
        Relationships: [
          {
            foreignKeyName: "schedule_ledger_match_id_fkey";
            columns: ["match_id"];
            isOneToOne: false;
            referencedRelation: "matches";
            referencedColumns: ["id"];
          },
        ];
      };
      "missing_ids": {
        Row: {
          "missing_dispatch_id": number | null;
          "missing_send_id": number | null;
          "total_schedules": number | null;
          "with_dispatch_id": number | null;
          "with_send_id": number | null;
        };
        ComputedFields: never;
        Relationships: [];
      };
      "webhook_failure_patterns": {
        Row: {
          "avg_delay_ms": number | null;
          "braze_reported_sends": number | null;
          "delayed_5min_share": number | null;
          "dimension": string;
          "first_date": string | null;
          "last_date": string | null;
          "max_delay_ms": number | null;
          "missing_sends": number | null;
          "missing_share": number | null;
          "never_received": number | null;
          "never_received_share": number | null;
          "push_sends": number | null;
          "schedules": number | null;
          "value": string;
        };
        ComputedFields: never;
        Relationships: [];
      };
    };
    Functions: {
      "adopt_schedule": {
        Args: {
          "p_braze_schedule_id": string;
          "p_dispatch_id"?: string;
          "p_generation": number;
          "p_ledger_id": string;
          "p_now": string;
          "p_send_at"?: string;
        };
        Returns: boolean;
      };
      "adopt_unmanaged": {
        Args: {
          "p_actor_id"?: string;
          "p_actor_kind": string;
          "p_braze_schedule_id": string;
          "p_dry_run": boolean;
          "p_expected": Json;
          "p_match_id": number;
          "p_now": string;
          "p_reason": string;
          "p_run_id": string;
          "p_signature": string;
        };
        Returns: Json;
      };
      "attribute_by_elimination": {
        Args: {
          "p_campaign_id": string;
          "p_candidate_count": number;
          "p_events": number;
          "p_first": string;
          "p_function": string;
          "p_generation"?: number;
          "p_last": string;
          "p_ledger_id": string;
          "p_now": string;
          "p_run_id": string;
          "p_send_at": string;
        };
        Returns: number;
      };
      "campaigns_to_observe": { Args: { "p_campaign_id": string; "p_now": string }; Returns: Json };
      "cancel_absent": {
        Args: { "p_generation": number; "p_ledger_id": string; "p_note": string; "p_now": string };
        Returns: boolean;
      };
      "cancel_ledger": {
        Args: {
          "p_cancel_reason": string;
          "p_generation": number;
          "p_ledger_id": string;
          "p_note": string;
          "p_now": string;
        };
        Returns: boolean;
      };
      "cancel_push": {
        Args: {
          "p_actor_id"?: string;
          "p_actor_kind": string;
          "p_dry_run": boolean;
          "p_match_id": number;
          "p_now": string;
          "p_reason": string;
          "p_run_id": string;
        };
        Returns: Json;
      };
      "claim_alert_deliveries": {
        Args: {
          "p_attempts_max": number;
          "p_channel": string;
          "p_claim_seconds": number;
          "p_limit": number;
          "p_now": string;
        };
        Returns: Json;
      };
      "claim_run": {
        Args: {
          "p_caller": string;
          "p_dry_run": boolean;
          "p_function": string;
          "p_invocation_id"?: string;
          "p_lease_seconds": number;
          "p_now": string;
          "p_scheduled_at"?: string;
        };
        Returns: Json;
      };
      "close_abandoned_attempts": { Args: { "p_now": string; "p_run_id": string }; Returns: Json };
      "close_attempt": {
        Args: { "p_attempt_id": string; "p_now": string; "p_outcome": string; "p_result": Json };
        Returns: Json;
      };
      "confirm_by_events": { Args: { "p_ledger_ids": (string)[]; "p_now": string }; Returns: Json };
      "confirm_by_statistics": {
        Args: { "p_count": number; "p_generation": number; "p_ledger_id": string; "p_now": string };
        Returns: boolean;
      };
      "confirm_removals": {
        Args: {
          "p_actor_id"?: string;
          "p_actor_kind": string;
          "p_dry_run": boolean;
          "p_match_id": number;
          "p_now": string;
          "p_reason": string;
          "p_run_id": string;
        };
        Returns: Json;
      };
      "correlation_context": {
        Args: {
          "p_attempt_ids": (string)[];
          "p_campaign_ids": (string)[];
          "p_guard_seconds": number;
          "p_identifiers": Json;
          "p_ledger_ids": (string)[];
          "p_match_ids": (number)[];
          "p_times": (string)[];
        };
        Returns: Json;
      };
      "day_verdicts": {
        Args: { "p_from": string; "p_now": string; "p_until": string };
        Returns: Json;
      };
      "declare_gone": {
        Args: {
          "p_accept_double_push": boolean;
          "p_actor_id"?: string;
          "p_actor_kind": string;
          "p_dry_run": boolean;
          "p_freeze_seconds": number;
          "p_match_id": number;
          "p_now": string;
          "p_reason": string;
          "p_run_id": string;
        };
        Returns: Json;
      };
      "delete_unmanaged": {
        Args: {
          "p_accept_no_push": boolean;
          "p_actor_id"?: string;
          "p_actor_kind": string;
          "p_attempt_id": string;
          "p_braze_schedule_id": string;
          "p_dry_run": boolean;
          "p_lease_seconds": number;
          "p_now": string;
          "p_reason": string;
          "p_run_id": string;
        };
        Returns: Json;
      };
      "erase_from_payloads": {
        Args: { "p_after"?: string; "p_external_user_id": string };
        Returns: Json;
      };
      "erase_user": {
        Args: {
          "p_anonymise_until"?: string;
          "p_external_user_id": string;
          "p_now": string;
          "p_reason": string;
        };
        Returns: Json;
      };
      "finish_run": {
        Args: {
          "p_error"?: string;
          "p_now": string;
          "p_outcome": string;
          "p_run_id": string;
          "p_summary": Json;
        };
        Returns: Json;
      };
      "heartbeat_silence": { Args: { "p_channel": string; "p_now": string }; Returns: Json };
      "hold_changes": {
        Args: {
          "p_lease_seconds": number;
          "p_match_ids"?: (number)[];
          "p_now": string;
          "p_remakes": (number)[];
          "p_removals": (number)[];
          "p_run_id": string;
        };
        Returns: undefined;
      };
      "hold_successors": {
        Args: { "p_freeze_seconds": number; "p_gated": boolean; "p_now": string };
        Returns: Json;
      };
      "ingest_events": {
        Args: { "p_events": Json; "p_now": string; "p_rejects": Json; "p_run_id": string };
        Returns: Json;
      };
      "ingest_identified_events": {
        Args: {
          "p_braze_user_id": (string)[];
          "p_claim": (string)[];
          "p_copies": (number)[];
          "p_device_id": (string)[];
          "p_event_id": (string)[];
          "p_external_user_id": (string)[];
          "p_kind": (number)[];
          "p_kinds": Json;
          "p_now": string;
          "p_payload": (Json)[];
          "p_run_id": string;
          "p_sent_at": (string)[];
          "p_window_seconds": number;
        };
        Returns: Json;
      };
      "is_operator": { Args: Record<PropertyKey, never>; Returns: boolean };
      "job_states": { Args: { "p_now": string }; Returns: Json };
      "judge_event_quality": {
        Args: { "p_low_confidence_share_max": number; "p_now": string };
        Returns: Json;
      };
      "keep_unmanaged": {
        Args: {
          "p_accept_double_push": boolean;
          "p_actor_id"?: string;
          "p_actor_kind": string;
          "p_braze_schedule_id": string;
          "p_dry_run": boolean;
          "p_now": string;
          "p_reason": string;
          "p_run_id": string;
        };
        Returns: Json;
      };
      "last_health_date": { Args: Record<PropertyKey, never>; Returns: string };
      "load_audit": { Args: { "p_now": string; "p_schedule_ids": (string)[] }; Returns: Json };
      "load_doubted": { Args: { "p_earliest_send_at": string; "p_limit": number }; Returns: Json };
      "load_gate_facts": {
        Args: { "p_attempt_id": string; "p_generation": number; "p_ledger_id": string };
        Returns: Json;
      };
      "load_observation": { Args: { "p_now": string }; Returns: Json };
      "load_plan_input": {
        Args: { "p_from": string; "p_match_ids"?: (number)[]; "p_now": string; "p_until": string };
        Returns: Json;
      };
      "load_preflight": {
        Args: { "p_from": string; "p_now": string; "p_until": string };
        Returns: Json;
      };
      "load_reconciliation": { Args: { "p_now": string; "p_past_from": string }; Returns: Json };
      "load_rejects": {
        Args: {
          "p_after"?: string;
          "p_bytes_max": number;
          "p_limit": number;
          "p_reason_like"?: string;
        };
        Returns: Json;
      };
      "load_rejudgements": { Args: { "p_limit": number; "p_now": string }; Returns: Json };
      "load_unattributed_sends": {
        Args: {
          "p_campaign_id": string;
          "p_from": string;
          "p_guard_seconds": number;
          "p_until": string;
        };
        Returns: Json;
      };
      "mark_not_sent": {
        Args: {
          "p_actor_id"?: string;
          "p_actor_kind": string;
          "p_dry_run": boolean;
          "p_match_id": number;
          "p_now": string;
          "p_reason": string;
          "p_run_id": string;
        };
        Returns: Json;
      };
      "mark_recounts": {
        Args: { "p_from"?: string; "p_now": string; "p_until"?: string };
        Returns: Json;
      };
      "mark_replayed": { Args: { "p_digests": (string)[]; "p_now": string }; Returns: number };
      "mark_sent": {
        Args: {
          "p_actor_id"?: string;
          "p_actor_kind": string;
          "p_dry_run": boolean;
          "p_match_id": number;
          "p_now": string;
          "p_reason": string;
          "p_run_id": string;
        };
        Returns: Json;
      };
      "match_events": { Args: { "p_match_id": number }; Returns: Json };
      "match_timeline": { Args: { "p_match_id": number; "p_now"?: string }; Returns: Json };
      "match_verdict": { Args: { "p_match_id": number; "p_now": string }; Returns: Json };
      "measure_webhook_health": { Args: { "p_date": string; "p_now": string }; Returns: Json };
      "note_shut_out": {
        Args: {
          "p_campaign_id": string;
          "p_fails_closed": boolean;
          "p_from": string;
          "p_now": string;
        };
        Returns: undefined;
      };
      "open_create": {
        Args: {
          "p_attempt_id": string;
          "p_beside_generation"?: number;
          "p_expected": Json;
          "p_gated"?: boolean;
          "p_lease_seconds": number;
          "p_match_id": number;
          "p_now": string;
          "p_reason": string;
          "p_request": Json;
          "p_run_id": string;
          "p_send_at": string;
          "p_send_id"?: string;
          "p_signature": string;
        };
        Returns: Json;
      };
      "open_delete": {
        Args: {
          "p_attempt_id": string;
          "p_generation": number;
          "p_lease_seconds": number;
          "p_ledger_id": string;
          "p_now": string;
          "p_of_cancelled"?: boolean;
          "p_reason": string;
          "p_request": Json;
          "p_run_id": string;
        };
        Returns: Json;
      };
      "open_send_id": {
        Args: {
          "p_attempt_id": string;
          "p_lease_seconds": number;
          "p_match_id": number;
          "p_now": string;
          "p_request": Json;
          "p_run_id": string;
        };
        Returns: Json;
      };
      "open_unmanaged_delete": {
        Args: {
          "p_attempt_id": string;
          "p_braze_schedule_id": string;
          "p_generation"?: number;
          "p_lease_seconds": number;
          "p_ledger_id"?: string;
          "p_match_id"?: number;
          "p_now": string;
          "p_reason": string;
          "p_request": Json;
          "p_run_id": string;
        };
        Returns: Json;
      };
      "open_update": {
        Args: {
          "p_attempt_id": string;
          "p_generation": number;
          "p_lease_seconds": number;
          "p_ledger_id": string;
          "p_now": string;
          "p_reason": string;
          "p_request": Json;
          "p_run_id": string;
          "p_send_at": string;
        };
        Returns: Json;
      };
      "push_again": {
        Args: {
          "p_accept_double_push": boolean;
          "p_actor_id"?: string;
          "p_actor_kind": string;
          "p_dry_run": boolean;
          "p_freeze_seconds": number;
          "p_lead_seconds": number;
          "p_match_id": number;
          "p_now": string;
          "p_reason": string;
          "p_run_id": string;
        };
        Returns: Json;
      };
      "raise_alerts": { Args: { "p_alerts": Json; "p_now": string }; Returns: number };
      "raise_missed_pushes": {
        Args: { "p_lead_seconds": number; "p_now": string };
        Returns: number;
      };
      "raise_number_harms": { Args: { "p_now": string }; Returns: Json };
      "raise_unwanted_pushes": { Args: { "p_now": string }; Returns: number };
      "reactivate_schedule": {
        Args: {
          "p_generation": number;
          "p_lease_seconds": number;
          "p_ledger_id": string;
          "p_now": string;
          "p_run_id": string;
        };
        Returns: boolean;
      };
      "record_alert_delivery": {
        Args: {
          "p_channel"?: string;
          "p_claim": string;
          "p_error"?: string;
          "p_messages": Json;
          "p_next_at"?: string;
          "p_now": string;
          "p_outcome": string;
        };
        Returns: number;
      };
      "record_audit": {
        Args: { "p_audit": Json; "p_now": string; "p_run_id": string };
        Returns: boolean;
      };
      "record_braze_answers": {
        Args: { "p_answers": Json; "p_function": string; "p_now": string };
        Returns: Json;
      };
      "record_observation": {
        Args: {
          "p_absence_share_max": number;
          "p_absences_max": number;
          "p_now": string;
          "p_observation": Json;
          "p_run_id": string;
        };
        Returns: Json;
      };
      "record_preflight": {
        Args: { "p_checks": Json; "p_note": string; "p_now": string };
        Returns: Json;
      };
      "recount_match": { Args: { "p_ledger_id": string; "p_now": string }; Returns: Json };
      "release_hold": {
        Args: {
          "p_actor_id"?: string;
          "p_actor_kind": string;
          "p_dry_run": boolean;
          "p_freeze_seconds": number;
          "p_lead_seconds": number;
          "p_match_id": number;
          "p_now": string;
          "p_reason": string;
          "p_run_id": string;
        };
        Returns: Json;
      };
      "reschedule": {
        Args: {
          "p_accept_double_push": boolean;
          "p_actor_id"?: string;
          "p_actor_kind": string;
          "p_dry_run": boolean;
          "p_freeze_seconds": number;
          "p_lead_seconds": number;
          "p_match_id": number;
          "p_now": string;
          "p_reason": string;
          "p_run_id": string;
        };
        Returns: Json;
      };
      "resolve_alert": {
        Args: {
          "p_actor_id"?: string;
          "p_actor_kind": string;
          "p_dry_run": boolean;
          "p_fingerprint": string;
          "p_now": string;
          "p_reason": string;
          "p_run_id": string;
        };
        Returns: Json;
      };
      "resolve_unknown_attempts": {
        Args: { "p_attempts": Json; "p_now": string; "p_schedules": Json };
        Returns: Json;
      };
      "rollup_webhook_health": { Args: { "p_date": string; "p_now": string }; Returns: Json };
      "store_audience_sizes": { Args: { "p_now": string; "p_sizes": Json }; Returns: number };
      "store_rejudgements": {
        Args: {
          "p_after_event_id"?: string;
          "p_after_sent_at"?: string;
          "p_function": string;
          "p_identifiers": Json;
          "p_ids": (number)[];
          "p_now": string;
          "p_run_id": string;
          "p_started_at"?: string;
          "p_verdicts": Json;
        };
        Returns: number;
      };
      "store_reported_counts": { Args: { "p_counts": Json; "p_now": string }; Returns: number };
      "sync_alerts": {
        Args: {
          "p_alerts": Json;
          "p_match_ids"?: (number)[];
          "p_now": string;
          "p_rules": (string)[];
        };
        Returns: Json;
      };
      "teams_to_measure": { Args: { "p_now": string; "p_sends_until"?: string }; Returns: Json };
      "undo": {
        Args: {
          "p_action_id": number;
          "p_actor_id"?: string;
          "p_actor_kind": string;
          "p_dry_run": boolean;
          "p_match_id": number;
          "p_now": string;
          "p_reason": string;
          "p_run_id": string;
        };
        Returns: Json;
      };
      "write_logs": {
        Args: { "p_function": string; "p_logs": Json; "p_now": string; "p_run_id": string };
        Returns: number;
      };
    };
    Enums: {
      "confidence": "high" | "medium" | "low" | "none";
      "correlation_method":
        | "ledger_id"
        | "match_id"
        | "schedule_id"
        | "dispatch_id"
        | "send_id"
        | "time_exact"
        | "time_window"
        | "elimination"
        | "contradiction"
        | "tie"
        | "no_candidate"
        | "no_evidence"
        | "unknown_match"
        | "other_campaign"
        | "test_send";
      "schedule_status": "pending" | "sent" | "cancelled";
      "send_proof": "push" | "webhook";
      "send_timing": "in_window" | "moved_away" | "early" | "late";
      "time_kind": "send" | "occurrence" | "receipt";
    };
    CompositeTypes: {
      [_ in never]: never;
    };
  };
};

type DatabaseWithoutInternals = Omit<Database, "__InternalSupabase">;

type DefaultSchema = DatabaseWithoutInternals[Extract<keyof Database, "public">];

export type Tables<
  DefaultSchemaTableNameOrOptions extends
    | keyof (DefaultSchema["Tables"] & DefaultSchema["Views"])
    | { schema: keyof DatabaseWithoutInternals },
  TableName extends DefaultSchemaTableNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals;
  } ? keyof (
      & DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"]
      & DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Views"]
    )
    : never = never,
> = DefaultSchemaTableNameOrOptions extends { schema: keyof DatabaseWithoutInternals } ? (
    & DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"]
    & DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Views"]
  )[TableName] extends {
    Row: infer R;
  } ? R
  : never
  : DefaultSchemaTableNameOrOptions extends keyof (DefaultSchema["Tables"] & DefaultSchema["Views"])
    ? (DefaultSchema["Tables"] & DefaultSchema["Views"])[DefaultSchemaTableNameOrOptions] extends {
      Row: infer R;
    } ? R
    : never
  : never;

export type TablesInsert<
  DefaultSchemaTableNameOrOptions extends
    | keyof DefaultSchema["Tables"]
    | { schema: keyof DatabaseWithoutInternals },
  TableName extends DefaultSchemaTableNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals;
  } ? keyof DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"]
    : never = never,
> = DefaultSchemaTableNameOrOptions extends { schema: keyof DatabaseWithoutInternals }
  ? DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"][TableName] extends
    {
      Insert: infer I;
    } ? I
  : never
  : DefaultSchemaTableNameOrOptions extends keyof DefaultSchema["Tables"]
    ? DefaultSchema["Tables"][DefaultSchemaTableNameOrOptions] extends {
      Insert: infer I;
    } ? I
    : never
  : never;

export type TablesUpdate<
  DefaultSchemaTableNameOrOptions extends
    | keyof DefaultSchema["Tables"]
    | { schema: keyof DatabaseWithoutInternals },
  TableName extends DefaultSchemaTableNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals;
  } ? keyof DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"]
    : never = never,
> = DefaultSchemaTableNameOrOptions extends { schema: keyof DatabaseWithoutInternals }
  ? DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"][TableName] extends
    {
      Update: infer U;
    } ? U
  : never
  : DefaultSchemaTableNameOrOptions extends keyof DefaultSchema["Tables"]
    ? DefaultSchema["Tables"][DefaultSchemaTableNameOrOptions] extends {
      Update: infer U;
    } ? U
    : never
  : never;

export type Enums<
  DefaultSchemaEnumNameOrOptions extends
    | keyof DefaultSchema["Enums"]
    | { schema: keyof DatabaseWithoutInternals },
  EnumName extends DefaultSchemaEnumNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals;
  } ? keyof DatabaseWithoutInternals[DefaultSchemaEnumNameOrOptions["schema"]]["Enums"]
    : never = never,
> = DefaultSchemaEnumNameOrOptions extends { schema: keyof DatabaseWithoutInternals }
  ? DatabaseWithoutInternals[DefaultSchemaEnumNameOrOptions["schema"]]["Enums"][EnumName]
  : DefaultSchemaEnumNameOrOptions extends keyof DefaultSchema["Enums"]
    ? DefaultSchema["Enums"][DefaultSchemaEnumNameOrOptions]
  : never;

export type CompositeTypes<
  PublicCompositeTypeNameOrOptions extends
    | keyof DefaultSchema["CompositeTypes"]
    | { schema: keyof DatabaseWithoutInternals },
  CompositeTypeName extends PublicCompositeTypeNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals;
  } ? keyof DatabaseWithoutInternals[PublicCompositeTypeNameOrOptions["schema"]]["CompositeTypes"]
    : never = never,
> = PublicCompositeTypeNameOrOptions extends { schema: keyof DatabaseWithoutInternals }
  ? DatabaseWithoutInternals[PublicCompositeTypeNameOrOptions["schema"]]["CompositeTypes"][
    CompositeTypeName
  ]
  : PublicCompositeTypeNameOrOptions extends keyof DefaultSchema["CompositeTypes"]
    ? DefaultSchema["CompositeTypes"][PublicCompositeTypeNameOrOptions]
  : never;

export const Constants = {
  "public": {
    Enums: {
      "confidence": ["high", "medium", "low", "none"],
      "correlation_method": [
        "ledger_id",
        "match_id",
        "schedule_id",
        "dispatch_id",
        "send_id",
        "time_exact",
        "time_window",
        "elimination",
        "contradiction",
        "tie",
        "no_candidate",
        "no_evidence",
        "unknown_match",
        "other_campaign",
        "test_send",
      ],
      "schedule_status": ["pending", "sent", "cancelled"],
      "send_proof": ["push", "webhook"],
      "send_timing": ["in_window", "moved_away", "early", "late"],
      "time_kind": ["send", "occurrence", "receipt"],
    },
  },
} as const;
