/** The rows that the database returns, with its column names. */
import type { Database } from "../../supabase/functions/_shared/database.types.ts";

type Tables = Database["public"]["Tables"];

export type Severity = "info" | "warning" | "critical";

export interface OpenAlert {
  readonly fingerprint: string;
  readonly rule: string;
  readonly kind: "condition" | "harm";
  readonly severity: Severity;
  readonly title: string;
}

export type VerdictName =
  | "scheduled"
  | "going_out"
  | "went_out"
  | "confirmed_manually"
  | "in_doubt"
  | "will_not_go"
  | "did_not_go"
  | "called_off"
  | "not_wanted";

/** What `match_verdict` says of one match, and `day_verdicts` of each match of a day. */
export interface Verdict {
  readonly match_id: number;
  readonly home_team: string;
  readonly away_team: string;
  readonly competition: string;
  readonly kickoff_at: string;
  readonly send_at: string | null;
  readonly status: string;
  readonly verdict: VerdictName;
  readonly why: string;
  readonly once: {
    readonly answer: "yes" | "no" | "unknown";
    readonly users: number | null;
  };
  readonly to_everyone: {
    readonly answer: "within" | "short" | "more" | "not_measured";
    readonly by: number | null;
    readonly reached: number;
    readonly expected_min: number | null;
    readonly expected_max: number | null;
  };
  readonly counts: {
    readonly sent: number;
    readonly bounced: number;
    readonly aborted: number;
    readonly opened: number;
    readonly abort_reasons: Readonly<Record<string, number>>;
  };
  readonly next: {
    readonly text: string;
    readonly at: string | null;
    readonly verbs: readonly string[];
    /** Allowed to who accepts that some users may get two pushes. */
    readonly verbs_with_risk: readonly string[];
  };
  readonly alerts: readonly OpenAlert[];
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
/** What a person did, as far as the page tells it. */
export type PersonAction = Pick<
  Tables["operator_actions"]["Row"],
  | "id"
  | "acted_at"
  | "action"
  | "match_id"
  | "actor_kind"
  | "actor_id"
  | "reason"
  | "details"
  | "undoes"
>;
