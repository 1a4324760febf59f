/** What people and machines around the suite do, and when. */
import type { Neighbour } from "../../local/braze_sandbox/ground_truth.ts";
import type { FixturePlan } from "./fixtures.ts";

/** What the templates of another campaign or Canvas render as extras. */
export const NEIGHBOUR_SAYS = [
  "nothing",
  /** Keys that are not ours. */
  "its_own",
  /** Our keys without values: its template is a copy of ours. */
  "blanks",
  "match",
  /** All properties of our schedule. */
  "copy",
  /** A match, a ledger row, a generation and an attempt of its own, as a copy of the suite does. */
  "own_ledger",
] as const;
export type NeighbourSays = (typeof NEIGHBOUR_SAYS)[number];

export type NeighbourAct =
  | {
    readonly kind: "neighbour_sends";
    readonly neighbour: Neighbour;
    readonly says: NeighbourSays;
    readonly sendId: "none" | "own_form" | "other";
    /** Of a match that the copy of the suite has under the same id, and whose time it is close to. */
    readonly matchId: number;
    /** Relative to the planned time of our push; 0: in the same second. */
    readonly byMinutes: number;
    /** Every nth user gets it. */
    readonly everyNth: number;
  }
  /** A copy of the suite schedules one of its matches in our campaign. */
  | {
    readonly kind: "other_suite_schedules";
    readonly matchId: number;
    readonly sendId: "own_form" | "other";
    readonly byMinutes: number;
  };

export type FixtureChange =
  | { readonly kickoffByMinutes: number }
  /** The feed knows the day and not the time: it says 00:00 of the next day. */
  | { readonly midnight: "placeholder" | "unconfirmed" }
  /** The time after a placeholder. */
  | { readonly kickoffAt: Date }
  | { readonly push: boolean }
  | { readonly status: "scheduled" | "postponed" | "cancelled" | "finished" }
  | { readonly properties: Readonly<Record<string, string>> }
  | { readonly home: string }
  | { readonly away: string };

/**
 * `flat`: as a person writes it from an export. `export`: the fields of an exported file; `export_without_kind`: where the
 * kind of the events stood only in the name of its folder.
 */
export type ReplayShape =
  | "batches"
  | "single"
  | "list"
  | "flat"
  | "export"
  | "export_without_kind";

export type FunctionToCall =
  | "braze-scheduler"
  | "braze-preflight-check"
  | "braze-reconcile"
  | "braze-count-audit"
  | "webhook-health-rollup";

/** How all of Braze's endpoints, or one of them, answer for a while. */
export const STORMS = ["503", "429", "401", "403"] as const;
export type Storm = typeof STORMS[number];

/** How the endpoint that deletes schedules answers alone. */
export const DELETE_STORMS = [
  "delete_400",
  "delete_403",
  "delete_429",
  "delete_500",
] as const;
export type DeleteStorm = typeof DELETE_STORMS[number];

/** How the endpoint that creates schedules answers alone: a refusal, or nothing after it has made the schedule. */
export type CreateStorm = "create_400" | "create_unanswered";

/** What a person can do about a match through the functions. */
export const VERBS = [
  "undo",
  "mark_sent",
  "mark_not_sent",
  "confirm_removals",
  "release",
  "cancel",
  "declare_gone",
  "reschedule",
  "push_again",
] as const;
export type Verb = typeof VERBS[number];

/** What a person can decide about a schedule that Braze holds and that the suite did not make. */
export const DECISIONS = ["adopt_schedule", "keep_schedule", "delete_schedule"] as const;
export type Decision = typeof DECISIONS[number];

/** Troubles that come over a whole matchday: Braze's, the sync's, the database's, and people's. */
export type TroubleAct =
  | { readonly kind: "storm"; readonly state: Storm | DeleteStorm | CreateStorm | "over" }
  /** Braze's connectors lose every event, or deliver as the world's switches say. */
  | { readonly kind: "events"; readonly state: "lost" | "delivered" }
  | { readonly kind: "list"; readonly state: "short" | "another_campaign" | "whole" }
  /** The sync of `teams` is half done, or has emptied the table. */
  | { readonly kind: "teams"; readonly state: "half" | "empty" | "whole" }
  /** A team is renamed in one table, and later in the other. */
  | {
    readonly kind: "rename_team";
    readonly team: string;
    readonly state: "in_teams" | "in_matches";
  }
  /** The feed gives all matches a wrong status, and later takes it back. */
  | {
    readonly kind: "feed_status";
    readonly state: "postponed" | "cancelled" | "back";
    /** Of every second match only. */
    readonly isHalf: boolean;
  }
  /** Two matches get each other's teams and kick-off. */
  | { readonly kind: "swap_ids"; readonly matchIds: readonly [number, number] }
  /** A person reads an open alert that says "send by hand", and does so. */
  | { readonly kind: "schedule_as_advised" }
  /** Braze sends a schedule that was replaced or deleted, to so many users. */
  | { readonly kind: "old_schedule_sends"; readonly matchId: number; readonly users: number }
  /** Braze holds a schedule again whose delete it has confirmed. */
  | { readonly kind: "old_schedule_returns"; readonly matchId: number }
  | { readonly kind: "cron"; readonly state: "off" | "on" }
  /** pg_net sends its calls hours late. */
  | { readonly kind: "net"; readonly state: "hours_late" | "in_time" }
  | {
    readonly kind: "verb";
    readonly verb: Verb;
    readonly matchId: number;
    readonly acceptsDoublePush: boolean;
    readonly isDryRun: boolean;
  }
  | {
    readonly kind: "decide";
    readonly decision: Decision;
    /** Which of the schedules that were made by hand; of all, if there is none. */
    readonly nth: number;
    /** For an adoption, where the schedule names no match. */
    readonly matchId: number;
    /** That users get two pushes, or that a match gets none. */
    readonly acceptsRisk: boolean;
    readonly isDryRun: boolean;
  }
  /** A person closes one of the open alerts. */
  | {
    readonly kind: "resolve";
    readonly nth: number;
    /** Of harms alone, if there is one: a condition is not closed by hand. */
    readonly isHarm: boolean;
    readonly isDryRun: boolean;
  };

export type What =
  | NeighbourAct
  | TroubleAct
  | { readonly kind: "change_fixture"; readonly matchId: number; readonly change: FixtureChange }
  | { readonly kind: "fixture_becomes_known"; readonly fixture: FixturePlan }
  /** Switches pushes for both teams of a match off or on. */
  | { readonly kind: "notify"; readonly matchId: number; readonly on: boolean }
  | { readonly kind: "team_becomes_known" }
  | { readonly kind: "cancel_in_dashboard"; readonly matchId: number }
  | {
    readonly kind: "schedule_in_dashboard";
    readonly matchId: number;
    /**
     * The trigger properties that a person enters: the match id, a copy of ours, none, an unknown match, a copy of ours
     * with the send id of another match, or those of a suite that was here before.
     */
    readonly says: "match" | "copy" | "nothing" | "unknown_match" | "mixed" | "earlier_suite";
    /** Relative to the planned time, or to now. */
    readonly when: { readonly byMinutes: number } | { readonly inMinutes: number };
  }
  /** A person schedules all matches again in the dashboard. */
  | { readonly kind: "schedule_all_in_dashboard" }
  | {
    readonly kind: "campaign";
    readonly state: "enabled" | "stopped" | "archived";
    /** Whether Braze drops its schedules; if absent, the world's switch says so. */
    readonly drops?: boolean;
  }
  | { readonly kind: "receiver"; readonly state: "down" | "up" }
  | { readonly kind: "echo"; readonly on: boolean }
  | {
    readonly kind: "call_at_once";
    readonly functionNames: readonly [FunctionToCall, FunctionToCall];
  }
  | { readonly kind: "dry_run"; readonly functionName: FunctionToCall }
  /** Delivered events are delivered again, in other batches and another order, several at once. */
  | {
    readonly kind: "replay";
    readonly share: number;
    readonly shape: ReplayShape;
  }
  /** A person releases unknown creates; `carelessly`: without checking in Braze. */
  | { readonly kind: "release"; readonly carelessly: boolean }
  | { readonly kind: "mark_sent" }
  /** A person cancels a match in the ledger and in Braze. */
  | { readonly kind: "operator_cancels"; readonly matchId: number }
  /** A person cancels the match whose schedule a run is about to change. */
  | { readonly kind: "cancel_during_run" }
  /** Sends move so close to the freeze window that they are inside it before a slow run reaches them. */
  | { readonly kind: "move_near_freeze_window" }
  /** One batch with a preview, an event of another campaign, and an invalid event. */
  | { readonly kind: "odd_events" }
  /** Restarts a server in the middle of the next run. */
  | { readonly kind: "restart"; readonly server: "postgres" | "postgrest" };

export interface Act {
  readonly at: Date;
  readonly what: What;
}
