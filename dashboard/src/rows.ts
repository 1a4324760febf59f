/** The rows that the database returns, with its column names. */
import type { Database } from "../../supabase/functions/_shared/database.types.ts";

type Tables = Database["public"]["Tables"];

export type Severity = "info" | "warning" | "critical";
export type Status = "pending" | "sent" | "cancelled";

export interface MatchdayAlert {
  readonly id: number;
  readonly rule: string;
  readonly severity: Severity;
  readonly title: string;
  readonly first_seen_at: string;
}

/** One match of `matchday_summary`. Fields of the ledger row are null when the match has none. */
export interface MatchdayMatch {
  readonly match_id: number;
  readonly competition: string;
  readonly home_team: string;
  readonly away_team: string;
  readonly kickoff_at: string;
  readonly match_status: string;
  readonly send_at: string | null;
  readonly status: Status | null;
  readonly cancel_reason: string | null;
  readonly sent_evidence: string | null;
  readonly sent_confirmed_at: string | null;
  readonly generation: number | null;
  readonly schedule_state: string | null;
  readonly preflight_at: string | null;
  readonly preflight_result: string | null;
  readonly expected: number | null;
  readonly expected_min: number | null;
  readonly expected_max: number | null;
  readonly users: number | null;
  readonly braze_reported: number | null;
  readonly sends: number;
  readonly opens: number;
  readonly high: number;
  readonly medium: number;
  readonly low: number;
  readonly last_event_at: string | null;
  readonly alerts: readonly MatchdayAlert[];
}

export interface TimelineLine {
  readonly at: string;
  readonly kind: string;
  readonly what: string;
  readonly details: Readonly<Record<string, unknown>> | null;
}

export interface EventMinute {
  readonly minute: string;
  readonly sends: number;
  readonly opens: number;
  readonly others: number;
}

export interface EventCandidate {
  readonly event_type: string;
  readonly channel: string;
  readonly correlation_method: string;
  readonly candidate_match_ids: readonly number[];
  readonly events: number;
  readonly first_at: string;
  readonly last_at: string;
}

export interface MatchEvents {
  readonly minutes: readonly EventMinute[];
  readonly candidates: readonly EventCandidate[];
}

export type Attempt = Pick<
  Tables["schedule_attempts"]["Row"],
  | "id"
  | "kind"
  | "reason"
  | "generation"
  | "braze_schedule_id"
  | "opened_at"
  | "closed_at"
  | "outcome"
  | "http_status"
  | "detail"
  | "resolved_as"
>;
export type Audit = Tables["count_audit_logs"]["Row"];
export type Health = Tables["webhook_health_metrics"]["Row"];
export type AlertRow = Tables["alerts"]["Row"];
export type JobRun = Tables["job_runs"]["Row"];
export type DuplicateDay = Database["public"]["Views"]["duplicate_trends"]["Row"];
