/** The steps that a plan consists of. */
import type { Undecided, Unwanted, Wanted } from "../_shared/scheduling/intent.ts";
import type { Alert } from "../_shared/store/alerts_and_logs.ts";
import type { Fixture } from "../_shared/store/planning.ts";

/** The schedule in Braze that a call changes. */
export interface Target {
  readonly ledgerId: string;
  readonly generation: number;
  readonly campaignId: string;
  readonly scheduleId: string;
  /** Its row is cancelled: a person may take that back while the run is under way. */
  readonly isOfCancelled: boolean;
}

/** Stored in run summaries: never rename a value. */
export type SkipReason =
  | Unwanted
  | Undecided
  | "match_id_reused"
  | "removal_held"
  | "remake_held"
  | "unchanged"
  | "beyond_horizon"
  | "window_missed"
  | "awaiting_evidence"
  | "already_sent"
  | "sent_then_moved"
  | "cancelled"
  | "cancelled_by_dashboard"
  | "cancelled_by_operator"
  | "create_unknown"
  | "delete_unconfirmed"
  | "schedule_id_unknown"
  | "held";

export type FrozenReason =
  | "create_inside_freeze"
  | "change_inside_freeze"
  | "brought_forward_inside_freeze";

export type CancelReason =
  | Unwanted
  | "too_late"
  /** The new time is so far ahead that Braze may refuse it: planned anew when it is near. */
  | "moved_far_ahead"
  /** Another schedule of the match was seen going out. */
  | "held";

/** `soonest`: the earliest time at which Braze may send, before or after the step. */
export type Step =
  | {
    readonly action: "create";
    readonly want: Wanted;
    readonly soonest: Date;
    /** Braze has never been asked for this match, or refused each time: allowed inside the freeze window. */
    readonly isFirst: boolean;
  }
  | {
    readonly action: "move";
    readonly want: Pick<Wanted, "sendAt">;
    readonly target: Target;
    readonly soonest: Date;
    /** What is created in its place if Braze refuses the new time; null: nothing may be made again. */
    readonly replacement: Wanted | null;
  }
  /** Delete it, then create the next generation. */
  | {
    readonly action: "recreate";
    readonly want: Wanted;
    readonly target: Target;
    readonly soonest: Date;
  }
  /** Keep the schedule in Braze: its delete failed, and the match wants it again. */
  | { readonly action: "reactivate"; readonly ledgerId: string; readonly generation: number }
  /**
   * Create the next generation beside the current one, then delete that. The closed send gate lets the current one pass
   * until the create has succeeded, and the new one after it.
   */
  | {
    readonly action: "supersede";
    readonly want: Wanted;
    /** The current one. */
    readonly generation: number;
    /** null when its schedule id is not known: it is left to the gate. */
    readonly target: Target | null;
    readonly soonest: Date;
  }
  /** Delete an earlier schedule or an unwanted one, whose delete took no effect or has no answer. */
  | {
    readonly action: "delete";
    readonly reason: "replaced" | "called_off" | "operator";
    readonly target: Target;
  }
  | {
    readonly action: "cancel";
    readonly reason: CancelReason;
    readonly ledgerId: string;
    readonly generation: number;
    readonly sendAt: Date;
    /** null when Braze has no schedule to delete. */
    readonly target: Target | null;
  }
  | { readonly action: "skip"; readonly reason: SkipReason }
  | { readonly action: "frozen"; readonly reason: FrozenReason };

export interface PlannedMatch {
  readonly fixture: Fixture;
  readonly step: Step;
  readonly alerts: readonly Alert[];
}
