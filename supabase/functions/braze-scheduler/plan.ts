/**
 * What to do about each match: create, move, recreate, keep, cancel, skip, or leave frozen. Pure.
 *
 * Two rules stand above all. Nothing is created while an earlier schedule of the match may still be live, for
 * Braze would push twice; only behind a closed send gate, which turns the earlier one away. And close to the send
 * nothing is made or moved, since Braze promises nothing then; deletes are tried all the same, and a person is told.
 */
import { addHours, addMilliseconds, isAfter, isBefore, isEqual, max, min } from "date-fns";
import {
  type Intent,
  intentFor,
  type IntentSettings,
  isFrozen,
  type Unwanted,
  type Wanted,
} from "../_shared/scheduling/intent.ts";
import type { Alert } from "../_shared/store/alerts_and_logs.ts";
import type { Fixture, LedgerRow, PlannedSchedule, Team } from "../_shared/store/planning.ts";
import * as alerts from "./plan_alerts.ts";

export interface PlanSettings extends IntentSettings {
  readonly freezeMs: number;
  readonly horizonMs: number;
}

/** A schedule whose time is this long past has been sent or never will be. open_create has the same rule. */
const SENDS_FOR_HOURS_MAX = 24;
const MINUTE_MS = 60_000;

/** Two reconciliations have looked for it by then; a listing that shows it is better than a second schedule. */
const UNKNOWN_FOR_MS = 60 * MINUTE_MS;
/**
 * The released one is turned away whether or not the next one is made, so two more runs must be able to make it before
 * the freeze. By then an answer of the gate's that Braze has kept is gone, too.
 */
const MADE_WITHIN_MS = 30 * MINUTE_MS;

/** A schedule in Braze that a call names. */
export interface Target {
  readonly ledgerId: string;
  readonly generation: number;
  readonly campaignId: string;
  readonly scheduleId: string;
}

/** These are stored: never rename one. */
export type SkipReason =
  | Unwanted
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
  | "schedule_id_unknown";

export type FrozenReason =
  | "create_inside_freeze"
  | "change_inside_freeze"
  | "brought_forward_inside_freeze";

export type CancelReason = Unwanted | "too_late";

/** `soonest`: the first moment at which something may be sent, before the step or after it. */
export type Step =
  | { readonly action: "create"; readonly want: Wanted; readonly soonest: Date }
  | {
    readonly action: "move" | "recreate";
    readonly want: Wanted;
    readonly target: Target;
    readonly soonest: Date;
  }
  /** Leave in Braze what was to be deleted there and was not: it is wanted again. */
  | { readonly action: "reactivate"; readonly ledgerId: string; readonly generation: number }
  /** Create the next generation over one that stayed unknown, which the send gate will turn away. */
  | {
    readonly action: "supersede";
    readonly want: Wanted;
    readonly ledgerId: string;
    readonly generation: number;
    readonly soonest: Date;
  }
  | {
    readonly action: "cancel";
    readonly reason: CancelReason;
    readonly ledgerId: string;
    readonly generation: number;
    readonly sendAt: Date;
    /** null where Braze has nothing (any more) to delete. */
    readonly target: Target | null;
  }
  | { readonly action: "skip"; readonly reason: SkipReason }
  | { readonly action: "frozen"; readonly reason: FrozenReason };

export interface PlannedMatch {
  readonly fixture: Fixture;
  readonly step: Step;
  readonly alerts: readonly Alert[];
}

/** Soonest send first, so that a run that is cut short has done what was most urgent. */
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
      const unknown = fixture.status === "scheduled"
        ? [fixture.homeTeam, fixture.awayTeam].filter((name) => !byName.has(name))
        : [];
      const planned = planMatch(fixture, intent, settings, now);
      return {
        fixture,
        ...planned,
        alerts: [...planned.alerts, ...unknown.map((name) => alerts.unknownTeam(fixture, name))],
      };
    });
}

type Planned = Omit<PlannedMatch, "fixture">;

function planMatch(fixture: Fixture, intent: Intent, settings: PlanSettings, now: Date): Planned {
  const { ledger } = fixture;
  if (ledger === null) {
    return intent.wanted ? planCreate(fixture, intent, settings, now) : skip(intent.reason);
  }
  if (ledger.status === "sent") return planSent(fixture, ledger, intent, now);
  if (ledger.status === "cancelled") return planCancelled(fixture, ledger, intent, settings, now);

  const current = ledger.schedules.find(({ generation }) => generation === ledger.generation);
  // A pending row without its schedule cannot be: both are written in one transaction.
  if (current === undefined) {
    throw new Error(`Cannot plan match ${fixture.matchId}: its generation has no schedule`);
  }
  return intent.wanted
    ? planPending(fixture, ledger, current, intent, settings, now)
    : planUnwanted(fixture, ledger, current, intent.reason, settings, now);
}

function planCreate(fixture: Fixture, want: Wanted, settings: PlanSettings, now: Date): Planned {
  if (!isAfter(want.sendAt, now)) return skip("window_missed");
  if (isFrozen(want.sendAt, settings, now)) {
    return frozen(
      "create_inside_freeze",
      alerts.frozen(fixture, "create_inside_freeze", want.sendAt),
    );
  }
  if (isAfter(want.sendAt, addMilliseconds(now, settings.horizonMs))) return skip("beyond_horizon");
  return step({ action: "create", want, soonest: want.sendAt });
}

/** What went out is not pushed again by itself, wherever the match is moved. */
function planSent(fixture: Fixture, ledger: LedgerRow, intent: Intent, now: Date): Planned {
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
  if (!intent.wanted) {
    // Braze refused its delete, which does not prove that it is gone: until its time a person should know.
    const refused = ledger.schedules.find((schedule) =>
      mayBeLive(schedule, settings, now) && isAfter(schedule.sendAt, now)
    );
    return refused === undefined
      ? skip("cancelled")
      : skip("delete_unconfirmed", alerts.deleteUnconfirmed(fixture, refused));
  }
  if (ledger.cancelReason === "dashboard") return skip("cancelled_by_dashboard");
  if (ledger.cancelReason === "operator") return skip("cancelled_by_operator");
  const loose = ledger.schedules.find((schedule) => mayBeLive(schedule, settings, now));
  if (loose !== undefined) {
    return skip("delete_unconfirmed", alerts.deleteUnconfirmed(fixture, loose));
  }
  return planCreate(fixture, intent, settings, now);
}

function planPending(
  fixture: Fixture,
  ledger: LedgerRow,
  current: PlannedSchedule,
  want: Wanted,
  settings: PlanSettings,
  now: Date,
): Planned {
  const loose = ledger.schedules.find((schedule) =>
    schedule !== current && mayBeLive(schedule, settings, now)
  );
  if (loose !== undefined) {
    return skip("delete_unconfirmed", alerts.deleteUnconfirmed(fixture, loose));
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

  const sendsFirstAt = min([current.sendAt, current.movingTo ?? current.sendAt]);
  if (!isAfter(sendsFirstAt, now)) return planPast(fixture, current, want, settings, now);
  const isAsWanted = ledger.signature === want.signature;
  if (isAsWanted && current.deleteFailed) {
    const { ledgerId, generation } = ledger;
    return step({ action: "reactivate", ledgerId, generation });
  }
  const isSame = isAsWanted && current.state === "live";
  if (isSame && current.movingTo === null && isEqual(current.sendAt, want.sendAt)) {
    return skip("unchanged");
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
  if (isFrozen(want.sendAt, settings, now)) {
    // Too late for the new time. A push that comes late is better than none, unless the match has begun.
    return isBefore(sendsFirstAt, fixture.kickoffAt)
      ? frozen(
        "brought_forward_inside_freeze",
        alerts.frozen(fixture, "brought_forward_inside_freeze", sendsFirstAt),
      )
      : cancel("too_late", ledger, current, target, alerts.tooLate(fixture, sendsFirstAt));
  }
  return step({
    action: isSame ? "move" : "recreate",
    want,
    target,
    soonest: min([sendsFirstAt, want.sendAt]),
  });
}

/** Only a person may say that it is not there, or the send gate see to it that it does no harm. */
function planUnknownCreate(
  fixture: Fixture,
  { ledgerId }: LedgerRow,
  current: PlannedSchedule,
  want: Wanted,
  settings: PlanSettings,
  now: Date,
): Planned {
  const soonest = min([current.sendAt, want.sendAt]);
  const mayReplace = settings.sendGate === "fail_closed" && current.state === "unknown" &&
    !isBefore(now, addMilliseconds(current.changedAt, UNKNOWN_FOR_MS)) &&
    !isFrozen(soonest, settings, addMilliseconds(now, MADE_WITHIN_MS));
  const next = mayReplace ? planCreate(fixture, want, settings, now) : null;
  if (next?.step.action !== "create") {
    return skip("create_unknown", alerts.createUnknown(fixture, current, null));
  }
  return step({
    action: "supersede",
    want,
    ledgerId,
    generation: current.generation,
    soonest,
  });
}

/** Its time has passed and no event has come. A match that was moved on meanwhile waits until that is settled. */
function planPast(
  fixture: Fixture,
  current: PlannedSchedule,
  want: Wanted,
  settings: PlanSettings,
  now: Date,
): Planned {
  if (!isAfter(want.sendAt, now)) return skip("awaiting_evidence");
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
  const sendsFirstAt = min([current.sendAt, current.movingTo ?? current.sendAt]);
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

/** A delete inside the freeze window is best effort: some users may get the push all the same. */
function mayBeLive(
  { state, sendAt, movingTo, changedAt }: PlannedSchedule,
  settings: PlanSettings,
  now: Date,
): boolean {
  const isUnsettled = state === "creating" || state === "live" || state === "unknown" ||
    state === "deleting" || (state === "deleted" && isFrozen(sendAt, settings, changedAt));
  const lastSendAt = max([sendAt, movingTo ?? sendAt]);
  return isUnsettled && isAfter(addHours(lastSendAt, SENDS_FOR_HOURS_MAX), now);
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
