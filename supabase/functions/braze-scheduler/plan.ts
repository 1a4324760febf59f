/**
 * Decides the step for each match: create, move, recreate, reactivate, supersede, delete, cancel, skip or frozen. Pure.
 *
 * Three rules come first. While an earlier schedule of the match may be live, no new one is created, because Braze would
 * push twice; the exception is a closed send gate, which lets exactly one of them pass. Inside the freeze window before
 * a send nothing is moved or made again, because Braze does not guarantee that a late change takes effect; deletes are
 * still tried, with an alert, and so is the very first create of a match. Missing information changes nothing that
 * exists. A schedule that nothing changes about but its delete is deleted again in each run.
 */
import { addMilliseconds, isAfter, isBefore, isEqual, min } from "date-fns";
import {
  firstCreateEndsAt,
  type Intent,
  intentFor,
  isFrozen,
  isTooLateForText,
  isTooLateToReplace,
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
/** A match that moves further after its push may be played again: a person decides whether it is pushed again. */
const MOVED_ON_MS_MAX = 12 * 60 * MINUTE_MS;
/** Braze has refused times that are further ahead. */
const AHEAD_MS_MAX = 90 * 24 * 60 * MINUTE_MS;

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
  const planned = planLedger(fixture, ledger, intent, isReused, settings, now);
  return planned.step.action === "skip" ? deleteAgain(ledger, planned, now) : planned;
}

/** A step of the match itself comes first; the next run then deletes what is left. */
function deleteAgain(ledger: LedgerRow, planned: Planned, now: Date): Planned {
  for (const schedule of ledger.schedules) {
    const target = targetOf(ledger, schedule);
    const isLeft = schedule.generation < ledger.generation &&
      (schedule.state === "live" || schedule.state === "deleting");
    if (isLeft && target !== null && isAfter(lastSendAt(schedule), now)) {
      return { ...planned, step: { action: "delete", reason: "replaced", target } };
    }
  }
  return planned;
}

function planLedger(
  fixture: Fixture,
  ledger: LedgerRow,
  intent: Intent,
  isReused: boolean,
  settings: PlanSettings,
  now: Date,
): Planned {
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
  const isFirst = fixture.intent === 1 &&
    (fixture.ledger?.schedules ?? []).every(({ state }) => state === "failed");
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
  if (!movedOn) return skip("already_sent");
  const { sendAt } = intent;
  if (!isAfter(sendAt, addMilliseconds(ledger.sendAt, MOVED_ON_MS_MAX))) {
    return skip("sent_then_moved", alerts.sentThenMoved(fixture, ledger, sendAt));
  }
  const isClosed = ledger.closedMoves.some((closed) => isEqual(closed, sendAt));
  return isClosed
    ? skip("already_sent")
    : skip("sent_then_moved", alerts.sentForOldDate(fixture, ledger, sendAt));
}

function planCancelled(
  fixture: Fixture,
  ledger: LedgerRow,
  intent: Intent,
  settings: PlanSettings,
  now: Date,
): Planned {
  if (ledger.cancelReason === "operator") {
    return planCancelledByOperator(fixture, ledger, settings, now);
  }
  if (intent.wanted === false) {
    // A refused delete does not prove that the schedule is gone, so the alert stays until the send time.
    const refused = ledger.schedules.find((schedule) =>
      mayBeLive(schedule, settings, now) && isAfter(schedule.sendAt, now)
    );
    if (refused === undefined) return skip("cancelled");
    const unconfirmed = alerts.deleteUnconfirmed(fixture, refused);
    const target = targetOf(ledger, refused);
    // A list has shown it since: it is there, and not wanted.
    return refused.state === "live" && target !== null
      ? { step: { action: "delete", reason: "called_off", target }, alerts: [unconfirmed] }
      : skip("delete_unconfirmed", unconfirmed);
  }
  if (ledger.cancelReason === "dashboard") return skip("cancelled_by_dashboard");
  if (ledger.isHeld) return skip("held");
  const left = ledger.schedules.find((schedule) => mayBeLive(schedule, settings, now));
  if (left === undefined) return planCreate(fixture, intent, settings, now);
  const unconfirmed = alerts.deleteUnconfirmed(fixture, left);
  const target = targetOf(ledger, left);
  // A list has shown it since: it makes room for the one that is wanted again.
  return left.state === "live" && target !== null && intent.wanted === true && intent.isComplete &&
      isAfter(firstSendAt(left), now)
    ? { step: { action: "delete", reason: "replaced", target }, alerts: [unconfirmed] }
    : skip("delete_unconfirmed", unconfirmed);
}

/** The send gate turns its push away at once; Braze's schedule is deleted, again in each run until that is done. */
function planCancelledByOperator(
  fixture: Fixture,
  ledger: LedgerRow,
  settings: PlanSettings,
  now: Date,
): Planned {
  const left = ledger.schedules.filter((schedule) =>
    mayBeLive(schedule, settings, now) && isAfter(lastSendAt(schedule), now)
  );
  for (const schedule of left) {
    const target = targetOf(ledger, schedule);
    if (target === null || (schedule.state !== "live" && schedule.state !== "deleting")) continue;
    const sendsFirstAt = firstSendAt(schedule);
    return {
      step: { action: "delete", reason: "operator", target },
      alerts: isFrozen(sendsFirstAt, settings, now)
        ? [alerts.lateCancel(fixture, "operator", sendsFirstAt)]
        : [],
    };
  }
  return skip(
    "cancelled_by_operator",
    ...left.map((schedule) => alerts.deleteUnconfirmed(fixture, schedule)),
  );
}

function planPending(
  fixture: Fixture,
  ledger: LedgerRow,
  current: PlannedSchedule,
  want: Wanted | Kept,
  settings: PlanSettings,
  now: Date,
): Planned {
  if (ledger.isHeld) return planHeld(ledger, current, settings, now);
  const others = ledger.schedules.filter((schedule) =>
    schedule !== current && mayBeLive(schedule, settings, now)
  );
  const planned = besideOthers(
    planCurrent(fixture, ledger, current, others, want, settings, now),
    current,
    others,
    settings,
  );
  const told = new Set(planned.alerts.map(({ fingerprint }) => fingerprint));
  const raised = others.flatMap((schedule) => {
    // It was current until its successor was created; the next step deletes it.
    if (schedule.state === "live" && isShutOut(schedule, settings)) return [];
    return schedule.generation > ledger.generation
      ? [alerts.createUnknown(fixture, schedule, null)]
      : [alerts.deleteUnconfirmed(fixture, schedule, undefined, isShutOut(schedule, settings))];
  });
  return {
    ...planned,
    alerts: [...planned.alerts, ...raised.filter(({ fingerprint }) => !told.has(fingerprint))],
  };
}

/** The closed gate holds it without a call. Otherwise it is deleted, if that is early enough to take effect. */
function planHeld(
  ledger: LedgerRow,
  current: PlannedSchedule,
  settings: PlanSettings,
  now: Date,
): Planned {
  const target = targetOf(ledger, current);
  const isDeletable = current.state === "live" || current.state === "deleting";
  return isShutOut(current, settings) || target === null || !isDeletable ||
      isFrozen(firstSendAt(current), settings, now)
    ? skip("held")
    : cancel("held", ledger, current, target);
}

/** A match whose current schedule is gone gets another one only if none of its others can be sent. */
function besideOthers(
  planned: Planned,
  { generation }: PlannedSchedule,
  others: readonly PlannedSchedule[],
  settings: PlanSettings,
): Planned {
  if (planned.step.action !== "create" || others.length === 0) return planned;
  const { want, soonest } = planned.step;
  // The others may have the whole audience.
  if (!want.isComplete || !mayCreateBeside(others, settings)) return skip("delete_unconfirmed");
  return step({ action: "supersede", want, generation, target: null, soonest });
}

/** `others`: the schedules that may be live beside the current one. */
function planCurrent(
  fixture: Fixture,
  ledger: LedgerRow,
  current: PlannedSchedule,
  others: readonly PlannedSchedule[],
  want: Wanted | Kept,
  settings: PlanSettings,
  now: Date,
): Planned {
  const target = targetOf(ledger, current);
  switch (current.state) {
    case "creating":
    case "unknown":
      if (!isAfter(current.sendAt, now)) return planPast(fixture, current, want, settings, now);
      return target !== null && current.wasCreated
        ? planUnconfirmed(fixture, current, others, want, settings, now)
        : planUnknownCreate(fixture, current, target, others, want, settings, now);
    case "failed":
    case "deleted":
      if (mayBeLive(current, settings, now)) {
        return skip("delete_unconfirmed", alerts.deleteUnconfirmed(fixture, current));
      }
      return planCreate(fixture, want, settings, now);
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
  const isInTime = current.movingTo === null && isEqual(current.sendAt, sendAt);
  if (isSame && isInTime) {
    return planDoubted(fixture, current, target, others, want, settings, now) ??
      skip(want.wanted === null ? want.reason : "unchanged");
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
  if (isAfter(sendAt, addMilliseconds(now, AHEAD_MS_MAX))) {
    return cancel("moved_far_ahead", ledger, current, target);
  }
  const soonest = min([sendsFirstAt, sendAt]);
  const move = {
    action: "move",
    want: { sendAt },
    target,
    soonest,
    replacement: want.wanted === true && want.isComplete ? want : null,
  } as const;
  if (isSame || want.wanted === null) return step(move);
  const isTooLate = current.state === "live"
    ? isTooLateForText(soonest, settings, now)
    : isTooLateToReplace(soonest, settings, now);
  if (!isTooLate) return planReplacement(fixture, current, target, others, want, settings, now);
  // The new time counts more than the new text.
  return current.state === "live" && !isInTime ? step(move) : frozen(
    "change_inside_freeze",
    alerts.frozen(fixture, "change_inside_freeze", sendsFirstAt),
  );
}

/**
 * Replaces a schedule, in one of two orders. Behind a closed gate the new one is created first: it passes once it is
 * created, and until then the old one does. Otherwise Braze might send both, so the old one is deleted first.
 */
function planReplacement(
  fixture: Fixture,
  current: PlannedSchedule,
  target: Target | null,
  others: readonly PlannedSchedule[],
  want: Wanted,
  settings: PlanSettings,
  now: Date,
): Planned {
  const soonest = min([firstSendAt(current), want.sendAt]);
  if (mayCreateBeside([current, ...others], settings)) {
    // A create that is still unknown may be found; the current schedule passes meanwhile.
    const isWaiting = others.some((schedule) =>
      schedule.generation > current.generation && !isOldUnknown(schedule, now)
    );
    if (isWaiting) return skip("create_unknown");
    return step({
      action: "supersede",
      want,
      generation: current.generation,
      target,
      soonest,
    });
  }
  if (others.length > 0 || target === null) {
    return skip("delete_unconfirmed", alerts.deleteUnconfirmed(fixture, others[0] ?? current));
  }
  return step({ action: "recreate", want, target, soonest });
}

/**
 * Braze may have dropped the schedule when its campaign was stopped. Behind a closed gate it is replaced without a risk; else
 * that is for a person to decide.
 */
function planDoubted(
  fixture: Fixture,
  current: PlannedSchedule,
  target: Target | null,
  others: readonly PlannedSchedule[],
  want: Wanted | Kept,
  settings: PlanSettings,
  now: Date,
): Planned | null {
  if (want.wanted === null || !want.isComplete || target === null) return null;
  return settings.doubted.has(fixture.matchId) && mayCreateBeside([current, ...others], settings) &&
      !isTooLateToReplace(current.sendAt, settings, now)
    ? planReplacement(fixture, current, target, others, want, settings, now)
    : null;
}

/** Braze does not know the schedule, or so it said when it was to delete it. Only a closed gate makes that harmless. */
function planUnconfirmed(
  fixture: Fixture,
  current: PlannedSchedule,
  others: readonly PlannedSchedule[],
  want: Wanted | Kept,
  settings: PlanSettings,
  now: Date,
): Planned {
  return replaceUnclear(fixture, current, null, others, want, settings, now) ??
    skip("delete_unconfirmed", alerts.deleteUnconfirmed(fixture, current));
}

/** A create with an unknown outcome ends in two ways: an operator resolves it, or the send gate supersedes it. */
function planUnknownCreate(
  fixture: Fixture,
  current: PlannedSchedule,
  target: Target | null,
  others: readonly PlannedSchedule[],
  want: Wanted | Kept,
  settings: PlanSettings,
  now: Date,
): Planned {
  const replaced = isOldUnknown(current, now)
    ? replaceUnclear(fixture, current, target, others, want, settings, now)
    : null;
  return replaced ?? skip("create_unknown", alerts.createUnknown(fixture, current, null));
}

/** Replaces a schedule that Braze may have or not. Null: that might push twice, or make the audience smaller. */
function replaceUnclear(
  fixture: Fixture,
  current: PlannedSchedule,
  target: Target | null,
  others: readonly PlannedSchedule[],
  want: Wanted | Kept,
  settings: PlanSettings,
  now: Date,
): Planned | null {
  // The unclear schedule may have the whole audience.
  if (want.wanted === null || !want.isComplete) return null;
  const soonest = min([firstSendAt(current), want.sendAt]);
  const mayReplace = mayCreateBeside([current, ...others], settings) &&
    !isTooLateToReplace(soonest, settings, now) &&
    planCreate(fixture, want, settings, now).step.action === "create";
  return mayReplace ? planReplacement(fixture, current, target, others, want, settings, now) : null;
}

function isOldUnknown({ state, changedAt }: PlannedSchedule, now: Date): boolean {
  return state === "unknown" && !isBefore(now, addMilliseconds(changedAt, UNKNOWN_FOR_MS));
}

/** The closed gate turns its push away unless it is the current one. */
function isShutOut({ gated, campaignId }: PlannedSchedule, settings: PlanSettings): boolean {
  return settings.sendGate === "fail_closed" && gated && settings.closedGates.has(campaignId);
}

function mayCreateBeside(
  schedules: readonly PlannedSchedule[],
  settings: PlanSettings,
): boolean {
  return settings.closedGates.has(settings.campaignId) &&
    schedules.every((schedule) => schedule.state !== "creating" && isShutOut(schedule, settings));
}

/** The send time has passed without an event. A match that was moved later waits until the first send is clarified. */
function planPast(
  fixture: Fixture,
  current: PlannedSchedule,
  want: Wanted | Kept,
  settings: PlanSettings,
  now: Date,
): Planned {
  if (want.sendAt === null || !isAfter(want.sendAt, now)) {
    // Its time passing does not answer whether Braze had it.
    return skip("awaiting_evidence", ...stillUnclear(fixture, current));
  }
  return mayBeLive(current, settings, now)
    ? skip("awaiting_evidence", alerts.movedWhileUnconfirmed(fixture, current, want.sendAt))
    : planCreate(fixture, want, settings, now);
}

function stillUnclear(fixture: Fixture, current: PlannedSchedule): Alert[] {
  if (current.state !== "creating" && current.state !== "unknown") return [];
  return current.brazeScheduleId !== null && current.wasCreated
    ? [alerts.deleteUnconfirmed(fixture, current)]
    : [alerts.createUnknown(fixture, current, null)];
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
  const { state, sendAt, changedAt, settled } = schedule;
  const isDeletedLate = state === "deleted" && !settled && isFrozen(sendAt, settings, changedAt);
  return (isUnsettled(state) || isDeletedLate) &&
    isAfter(addMilliseconds(lastSendAt(schedule), SENDS_FOR_MS_MAX), now);
}

function targetOf(ledger: LedgerRow, schedule: PlannedSchedule): Target | null {
  if (schedule.brazeScheduleId === null) return null;
  return {
    ledgerId: ledger.ledgerId,
    generation: schedule.generation,
    campaignId: schedule.campaignId,
    scheduleId: schedule.brazeScheduleId,
    isOfCancelled: ledger.status === "cancelled",
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
