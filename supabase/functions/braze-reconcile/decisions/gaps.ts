/** Finds matches that should have a schedule but have none, with the reason. Pure. */
import { addMilliseconds, isAfter } from "date-fns";
import { intentFor, isFrozen, type PlanSettings } from "../../_shared/scheduling/intent.ts";
import { currentOf, keyOf } from "../../_shared/scheduling/schedule.ts";
import type { Fixture, Team } from "../../_shared/store/planning.ts";

/** Stored in reports and alerts: never rename a value. */
export type GapReason =
  | "unknown_team"
  | "no_audience"
  | "window_missed"
  | "inside_freeze"
  | "never_planned"
  /** The old schedule is deleted and no new one was created. */
  | "not_recreated"
  | "create_failed"
  | "create_unknown"
  | "delete_unconfirmed"
  | "cancelled_by_dashboard"
  | "cancelled_by_operator";

export interface Gap {
  readonly fixture: Fixture;
  readonly reason: GapReason;
  readonly sendAt: Date;
  /**
   * Whether this check raises an alert. A deliberate cancellation is no fault, and the scheduler and pre-flight
   * already raise alerts for the other reasons.
   */
  readonly isAlerted: boolean;
}

export interface Planner {
  /** Start of the last successful scheduler run. */
  readonly ranAt: Date | null;
  readonly freshMatchIds: ReadonlySet<number>;
  /** Generations with an open attempt, or with an adoptable schedule in Braze's listing. */
  readonly accountedFor: ReadonlySet<string>;
}

export function findGaps(
  fixtures: readonly Fixture[],
  teams: readonly Team[],
  planner: Planner,
  settings: PlanSettings,
  now: Date,
): Gap[] {
  const byName = new Map(teams.map((team) => [team.name, team]));
  return fixtures.flatMap((fixture) => {
    const sendAt = addMilliseconds(fixture.kickoffAt, -settings.sendLeadMs);
    const hasKickedOff = !isAfter(fixture.kickoffAt, now);
    if (
      hasKickedOff || isAfter(sendAt, addMilliseconds(now, settings.horizonMs))
    ) {
      return [];
    }
    const reason = whyNone(fixture, byName, planner, settings, sendAt, now);
    if (reason === null) return [];
    return [{
      fixture,
      reason,
      sendAt,
      isAlerted: isAlerted(reason, fixture, sendAt),
    }];
  });

  function isAlerted(
    reason: GapReason,
    { matchId }: Fixture,
    sendAt: Date,
  ): boolean {
    if (reason === "unknown_team" || reason === "window_missed") return true;
    if (reason !== "never_planned" && reason !== "not_recreated") return false;
    // A stopped scheduler raises its own alert, not one per match.
    return planner.ranAt !== null && !planner.freshMatchIds.has(matchId) &&
      !isAfter(sendAt, addMilliseconds(planner.ranAt, settings.horizonMs));
  }
}

function whyNone(
  fixture: Fixture,
  teams: ReadonlyMap<string, Team>,
  { accountedFor }: Planner,
  settings: PlanSettings,
  sendAt: Date,
  now: Date,
): GapReason | null {
  const intent = intentFor(fixture, teams, settings);
  const { ledger } = fixture;
  if (!intent.wanted) {
    const hasNoSchedule = ledger === null || ledger.status === "cancelled";
    const isReported = intent.reason === "unknown_team" ||
      intent.reason === "no_audience";
    return isReported && hasNoSchedule ? intent.reason : null;
  }
  const late = !isAfter(sendAt, now)
    ? "window_missed"
    : isFrozen(sendAt, settings, now)
    ? "inside_freeze"
    : null;
  if (ledger === null) return late ?? "never_planned";
  if (ledger.status === "sent") return null;
  if (ledger.status === "cancelled") {
    if (ledger.cancelReason === "dashboard") return "cancelled_by_dashboard";
    if (ledger.cancelReason === "operator") return "cancelled_by_operator";
    return late ?? "never_planned";
  }
  if (accountedFor.has(keyOf(ledger))) return null;
  const current = currentOf(ledger);
  // A schedule that is already due is no gap; the stale check decides whether it was sent.
  if (current !== undefined && !isAfter(current.sendAt, now) && !isEnded(current.state)) {
    return null;
  }
  switch (current?.state) {
    case "live":
    case "completed":
      return null;
    case "creating":
    case "unknown":
      return current.brazeScheduleId === null ? "create_unknown" : "delete_unconfirmed";
    case "deleting":
      return "delete_unconfirmed";
    case "failed":
      return late === "window_missed" ? late : "create_failed";
    case "deleted":
    case undefined:
      return late ?? "not_recreated";
  }
}

function isEnded(state: string): boolean {
  return state === "failed" || state === "deleted";
}
