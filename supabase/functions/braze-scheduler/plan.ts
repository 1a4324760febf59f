/**
 * Decides the step for each match: create, move, recreate, reactivate, supersede, cancel, skip or frozen. Pure.
 *
 * Three rules come first. While an earlier schedule of the match may be live, no new one is created, because Braze would
 * push twice; the exception is a fail-closed send gate, which rejects the earlier one. Inside the freeze window before
 * a send nothing is moved or made again, because Braze does not guarantee that a late change takes effect; deletes are
 * still tried, with an alert, and so is the very first create of a match. Missing information changes nothing that
 * exists.
 */
import { addMilliseconds, isAfter, isBefore, isEqual, min } from "date-fns";
import {
  firstCreateEndsAt,
  type Intent,
  intentFor,
  isFrozen,
  type Kept,
  type PlanSettings,
  type Unwanted,
  type Wanted,
} from "../_shared/scheduling/intent.ts";
import {
  currentOf,
  firstSendAt,
  isUnsettled,
  lastSendAt,
  SENDS_FOR_MS_MAX,
} from "../_shared/scheduling/schedule.ts";
import type { Alert } from "../_shared/store/alerts_and_logs.ts";
import type { Fixture, LedgerRow, PlannedSchedule, Team } from "../_shared/store/planning.ts";
import { fixtureAlerts } from "./fixture_alerts.ts";
import * as alerts from "./plan_alerts.ts";
import { replacedParts } from "./reused_id.ts";
import type { CancelReason, FrozenReason, PlannedMatch, SkipReason, Step, Target } from "./step.ts";

const MINUTE_MS = 60_000;

/** Two reconciliations have searched the listing by then; adopting the schedule is better than creating a second one. */
const UNKNOWN_FOR_MS = 60 * MINUTE_MS;
/**
 * The gate rejects the superseded schedule even if the new create fails, so two more runs must fit before the freeze
 * window. This is also longer than Braze may cache a response of the gate.
 */
const CREATED_WITHIN_MS = 30 * MINUTE_MS;

/** Ordered by send time, so that an interrupted run has done the most urgent steps. */
export function plan(
  fixtures: readonly Fixture[],
  teams: readonly Team[],
  settings: PlanSettings,
  now: Date,
): PlannedMatch[] {
  const byName = new Map(teams.map((team) => [team.name, team]));
  return [...fixtures]
    .sort((a, b) => a.kickoffAt.getTime() - b.kickoffAt.getTime() || a.matchId - b.matchId)
    .map((fixture) => {
      const intent = intentFor(fixture, byName, settings);
      const isReused = replacedParts(fixture, byName).length > 0;
      const planned = planMatch(fixture, intent, isReused, settings, now);
      return {
        fixture,
        ...planned,
        alerts: [...planned.alerts, ...fixtureAlerts(fixture, intent, byName, settings, now)],
      };
    });
}

type Planned = Omit<PlannedMatch, "fixture">;

function planMatch(
  fixture: Fixture,
  intent: Intent,
  isReused: boolean,
  settings: PlanSettings,
  now: Date,
): Planned {
  const { ledger } = fixture;
  if (ledger === null) {
    return intent.wanted === false
      ? skip(intent.reason)
      : planCreate(fixture, intent, settings, now);
  }
  if (ledger.status === "sent") return planSent(fixture, ledger, intent, isReused, now);
  if (ledger.status === "cancelled") return planCancelled(fixture, ledger, intent, settings, now);

  const current = currentOf(ledger);
  // Both rows are written in one transaction, so a pending row always has its schedule.
  if (current === undefined) {
    throw new Error(`Cannot plan match ${fixture.matchId}: its generation has no schedule`);
  }
  return intent.wanted === false
    ? planUnwanted(fixture, ledger, current, intent.reason, settings, now)
    : planPending(fixture, ledger, current, intent, settings, now);
}

function planCreate(
  fixture: Fixture,
  want: Wanted | Kept,
  settings: PlanSettings,
  now: Date,
): Planned {
  if (want.wanted === null) return skip(want.reason);
  const { sendAt } = want;
  if (!isAfter(sendAt, now)) return skip("window_missed");
  const isFirst = (fixture.ledger?.schedules ?? []).every(({ state }) => state === "failed");
  const isTooLate = isFirst
    ? !isBefore(now, firstCreateEndsAt(sendAt, settings))
    : isFrozen(sendAt, settings, now);
  if (isTooLate) {
    return frozen("create_inside_freeze", alerts.frozen(fixture, "create_inside_freeze", sendAt));
  }
  if (isAfter(sendAt, addMilliseconds(now, settings.horizonMs))) return skip("beyond_horizon");
  return step({ action: "create", want, soonest: sendAt, isFirst });
}

/**
 * A match that was sent is never pushed again automatically, even if its kick-off moves. What the feed puts under its id
 * afterwards is another match: a person decides.
 */
function planSent(
  fixture: Fixture,
  ledger: LedgerRow,
  intent: Intent,
  isReused: boolean,
  now: Date,
): Planned {
  // `fixtureAlerts` raises the alert.
  if (isReused && intent.wanted !== false) return skip("match_id_reused");
  const movedOn = intent.wanted && isAfter(intent.sendAt, ledger.sendAt) &&
    isAfter(intent.sendAt, now);
  return movedOn
    ? skip("sent_then_moved", alerts.sentThenMoved(fixture, ledger, intent.sendAt))
    : skip("already_sent");
}

function planCancelled(
  fixture: Fixture,
  ledger: LedgerRow,
  intent: Intent,
  settings: PlanSettings,
  now: Date,
): Planned {
  if (intent.wanted === false) {
    // A refused delete does not prove that the schedule is gone, so the alert stays until the send time.
    const refused = ledger.schedules.find((schedule) =>
      mayBeLive(schedule, settings, now) && isAfter(schedule.sendAt, now)
    );
    return refused === undefined
      ? skip("cancelled")
      : skip("delete_unconfirmed", alerts.deleteUnconfirmed(fixture, refused));
  }
  if (ledger.cancelReason === "dashboard") return skip("cancelled_by_dashboard");
  if (ledger.cancelReason === "operator") return skip("cancelled_by_operator");
  const unconfirmed = ledger.schedules.find((schedule) => mayBeLive(schedule, settings, now));
  if (unconfirmed !== undefined) {
    return skip("delete_unconfirmed", alerts.deleteUnconfirmed(fixture, unconfirmed));
  }
  return planCreate(fixture, intent, settings, now);
}

function planPending(
  fixture: Fixture,
  ledger: LedgerRow,
  current: PlannedSchedule,
  want: Wanted | Kept,
  settings: PlanSettings,
  now: Date,
): Planned {
  const unconfirmed = ledger.schedules.find((schedule) =>
    schedule !== current && mayBeLive(schedule, settings, now)
  );
  if (unconfirmed !== undefined) {
    return skip("delete_unconfirmed", alerts.deleteUnconfirmed(fixture, unconfirmed));
  }
  const target = targetOf(ledger, current);
  switch (current.state) {
    case "creating":
    case "unknown":
      if (!isAfter(current.sendAt, now)) return planPast(fixture, current, want, settings, now);
      return target === null
        ? planUnknownCreate(fixture, ledger, current, want, settings, now)
        : skip("delete_unconfirmed", alerts.deleteUnconfirmed(fixture, current));
    case "failed":
    case "deleted":
      return mayBeLive(current, settings, now)
        ? skip("delete_unconfirmed", alerts.deleteUnconfirmed(fixture, current))
        : planCreate(fixture, want, settings, now);
    case "completed":
      return skip("awaiting_evidence");
    case "deleting":
    case "live":
  }

  const sendsFirstAt = firstSendAt(current);
  if (!isAfter(sendsFirstAt, now)) return planPast(fixture, current, want, settings, now);
  // With a team missing, the audience would shrink: what exists is taken as wanted, but for its time.
  const isAsWanted = want.wanted === null || !want.isComplete ||
    ledger.signature === want.signature;
  if (isAsWanted && current.deleteFailed) {
    const { ledgerId, generation } = ledger;
    return step({ action: "reactivate", ledgerId, generation });
  }
  const { sendAt } = want;
  if (want.wanted === null && (sendAt === null || current.state !== "live")) {
    return current.state === "live"
      ? skip(want.reason)
      : skip("delete_unconfirmed", alerts.deleteUnconfirmed(fixture, current));
  }
  if (sendAt === null) return skip("kickoff_unconfirmed");
  const isSame = isAsWanted && current.state === "live";
  if (isSame && current.movingTo === null && isEqual(current.sendAt, sendAt)) {
    return skip(want.wanted === null ? want.reason : "unchanged");
  }
  if (target === null) {
    return skip("schedule_id_unknown", alerts.scheduleIdUnknown(fixture, current));
  }
  if (isFrozen(sendsFirstAt, settings, now)) {
    return frozen(
      "change_inside_freeze",
      alerts.frozen(fixture, "change_inside_freeze", sendsFirstAt),
    );
  }
  if (isFrozen(sendAt, settings, now)) {
    // Too late for the new time. A late push is better than none, unless the match has begun.
    return isBefore(sendsFirstAt, fixture.kickoffAt)
      ? frozen(
        "brought_forward_inside_freeze",
        alerts.frozen(fixture, "brought_forward_inside_freeze", sendsFirstAt),
      )
      : cancel("too_late", ledger, current, target, alerts.tooLate(fixture, sendsFirstAt));
  }
  const soonest = min([sendsFirstAt, sendAt]);
  return isSame || want.wanted === null
    ? step({ action: "move", want: { sendAt }, target, soonest })
    : step({ action: "recreate", want, target, soonest });
}

/** A create with an unknown outcome ends in two ways: an operator resolves it, or the send gate supersedes it. */
function planUnknownCreate(
  fixture: Fixture,
  { ledgerId }: LedgerRow,
  current: PlannedSchedule,
  want: Wanted | Kept,
  settings: PlanSettings,
  now: Date,
): Planned {
  const unresolved = () => skip("create_unknown", alerts.createUnknown(fixture, current, null));
  // The unknown schedule may have the whole audience.
  if (want.wanted === null || !want.isComplete) return unresolved();
  const soonest = min([current.sendAt, want.sendAt]);
  const maySupersede = settings.sendGate === "fail_closed" && current.state === "unknown" &&
    !isBefore(now, addMilliseconds(current.changedAt, UNKNOWN_FOR_MS)) &&
    !isFrozen(soonest, settings, addMilliseconds(now, CREATED_WITHIN_MS));
  const next = maySupersede ? planCreate(fixture, want, settings, now) : null;
  if (next?.step.action !== "create") return unresolved();
  return step({
    action: "supersede",
    want,
    ledgerId,
    generation: current.generation,
    soonest,
  });
}

/** The send time has passed without an event. A match that was moved later waits until the first send is clarified. */
function planPast(
  fixture: Fixture,
  current: PlannedSchedule,
  want: Wanted | Kept,
  settings: PlanSettings,
  now: Date,
): Planned {
  if (want.sendAt === null || !isAfter(want.sendAt, now)) return skip("awaiting_evidence");
  return mayBeLive(current, settings, now)
    ? skip("awaiting_evidence", alerts.movedWhileUnconfirmed(fixture, current, want.sendAt))
    : planCreate(fixture, want, settings, now);
}

function planUnwanted(
  fixture: Fixture,
  ledger: LedgerRow,
  current: PlannedSchedule,
  reason: Unwanted,
  settings: PlanSettings,
  now: Date,
): Planned {
  if (current.state === "failed" || current.state === "deleted") {
    return cancel(reason, ledger, current, null);
  }
  const sendsFirstAt = firstSendAt(current);
  if (current.state === "completed" || !isAfter(sendsFirstAt, now)) {
    return skip("awaiting_evidence");
  }
  const target = targetOf(ledger, current);
  if (target === null) {
    return current.state === "live"
      ? skip("schedule_id_unknown", alerts.scheduleIdUnknown(fixture, current))
      : skip("create_unknown", alerts.createUnknown(fixture, current, reason));
  }
  return isFrozen(sendsFirstAt, settings, now)
    ? cancel(reason, ledger, current, target, alerts.lateCancel(fixture, reason, sendsFirstAt))
    : cancel(reason, ledger, current, target);
}

/** A delete inside the freeze window may come too late: some users may still get the push. */
function mayBeLive(
  schedule: PlannedSchedule,
  settings: PlanSettings,
  now: Date,
): boolean {
  const { state, sendAt, changedAt } = schedule;
  return (isUnsettled(state) || (state === "deleted" && isFrozen(sendAt, settings, changedAt))) &&
    isAfter(addMilliseconds(lastSendAt(schedule), SENDS_FOR_MS_MAX), now);
}

function targetOf(ledger: LedgerRow, schedule: PlannedSchedule): Target | null {
  if (schedule.brazeScheduleId === null) return null;
  return {
    ledgerId: ledger.ledgerId,
    generation: schedule.generation,
    campaignId: ledger.campaignId,
    scheduleId: schedule.brazeScheduleId,
  };
}

function step(planned: Step): Planned {
  return { step: planned, alerts: [] };
}

function skip(reason: SkipReason, ...raised: Alert[]): Planned {
  return { step: { action: "skip", reason }, alerts: raised };
}

function frozen(reason: FrozenReason, ...raised: Alert[]): Planned {
  return { step: { action: "frozen", reason }, alerts: raised };
}

function cancel(
  reason: CancelReason,
  ledger: LedgerRow,
  current: PlannedSchedule,
  target: Target | null,
  ...raised: Alert[]
): Planned {
  const { ledgerId, generation } = ledger;
  return {
    step: { action: "cancel", reason, ledgerId, generation, sendAt: current.sendAt, target },
    alerts: raised,
  };
}
