/** Builds the alerts that planning and execution raise. */
import type { Alert } from "../_shared/store/alerts_and_logs.ts";
import type { Fixture, LedgerRow, PlannedSchedule } from "../_shared/store/planning.ts";
import type { FrozenReason, Target } from "./step.ts";

/** Rules that every complete scheduler run evaluates: an alert that it does not raise again is resolved. */
export const RULES = [
  "unknown_team",
  "create_unknown",
  "create_failed",
  "move_failed",
  "delete_unconfirmed",
  "schedule_id_unknown",
  "create_inside_freeze",
  "change_inside_freeze",
  "brought_forward_inside_freeze",
  "brought_forward_too_late",
  "cancel_inside_freeze",
  "sent_then_moved",
  "moved_while_unconfirmed",
] as const;
type Rule = typeof RULES[number];

export function unknownTeam(fixture: Fixture, team: string): Alert {
  return {
    fingerprint: `unknown_team:${team}`,
    rule: "unknown_team",
    severity: "warning",
    audience: "admin",
    title: `Team "${team}" has no row in teams with a Braze attribute value: its fans get no push`,
    details: { team, first_match_id: fixture.matchId, kickoff_at: fixture.kickoffAt },
    matchId: null,
  };
}

export function createUnknown(
  fixture: Fixture,
  schedule: { readonly generation: number; readonly sendAt: Date },
  unwanted: string | null,
): Alert {
  return alert(
    fixture,
    "create_unknown",
    "critical",
    `${
      matchTitle(fixture)
    }: the outcome of the create of schedule ${schedule.generation} is unknown` +
      (unwanted === null ? "" : `, and it is no longer wanted (${unwanted})`),
    { generation: schedule.generation, send_at: schedule.sendAt, unwanted },
    schedule.generation,
  );
}

export function createFailed(fixture: Fixture, generation: number, detail: string): Alert {
  return alert(
    fixture,
    "create_failed",
    "critical",
    `${matchTitle(fixture)}: Braze refused the schedule`,
    { generation, detail },
  );
}

/** The old schedule is deleted, and the match has none until the create is repeated. */
export function leftWithout(fixture: Fixture, generation: number, detail: string): Alert {
  return alert(
    fixture,
    "create_failed",
    "critical",
    `${
      matchTitle(fixture)
    }: its schedule was deleted to be replaced, and the new one could not be created yet`,
    { generation, detail },
  );
}

export function moveFailed(
  fixture: Fixture,
  target: Target,
  outcome: string,
  detail: string,
): Alert {
  return alert(
    fixture,
    "move_failed",
    "critical",
    `${matchTitle(fixture)}: the schedule could not be moved (${outcome})`,
    { generation: target.generation, schedule_id: target.scheduleId, outcome, detail },
  );
}

export function deleteUnconfirmed(
  fixture: Fixture,
  schedule: { readonly generation: number; readonly brazeScheduleId: string | null },
  detail?: string,
  /** The send gate turns its push away. */
  isShutOut = false,
): Alert {
  return alert(
    fixture,
    "delete_unconfirmed",
    isShutOut ? "warning" : "critical",
    `${
      matchTitle(fixture)
    }: Braze did not confirm the delete of schedule ${schedule.generation}, ` +
      "which may still be sent",
    { generation: schedule.generation, schedule_id: schedule.brazeScheduleId, detail },
    schedule.generation,
  );
}

export function scheduleIdUnknown(fixture: Fixture, schedule: PlannedSchedule): Alert {
  return alert(
    fixture,
    "schedule_id_unknown",
    "critical",
    `${matchTitle(fixture)}: Braze returned no schedule id, so the schedule cannot be changed here`,
    { generation: schedule.generation, send_at: schedule.sendAt },
  );
}

export function frozen(fixture: Fixture, reason: FrozenReason, sendsAt: Date): Alert {
  const what = {
    create_inside_freeze: "became known too late to be scheduled safely",
    change_inside_freeze: "changed too late: the push goes out as planned before",
    brought_forward_inside_freeze: "brought forward too late: the push goes out at the old time",
  }[reason];
  return alert(fixture, reason, "critical", `${matchTitle(fixture)}: ${what}`, {
    sends_at: sendsAt,
    kickoff_at: fixture.kickoffAt,
  });
}

export function tooLate(fixture: Fixture, sendsAt: Date): Alert {
  return alert(
    fixture,
    "brought_forward_too_late",
    "critical",
    `${
      matchTitle(fixture)
    }: brought forward too late: kick-off is before the push, which is cancelled`,
    { sends_at: sendsAt, kickoff_at: fixture.kickoffAt },
  );
}

export function lateCancel(fixture: Fixture, reason: string, sendsAt: Date): Alert {
  return alert(
    fixture,
    "cancel_inside_freeze",
    "critical",
    `${
      matchTitle(fixture)
    }: cancelled so close to the send time that some users may still get the push`,
    { reason, sends_at: sendsAt },
  );
}

export function sentThenMoved(fixture: Fixture, ledger: LedgerRow, newSendAt: Date): Alert {
  return alert(
    fixture,
    "sent_then_moved",
    "warning",
    `${matchTitle(fixture)}: moved after the push was sent; no second push is sent`,
    { sent_for: ledger.sendAt, would_send_at: newSendAt },
  );
}

export function movedWhileUnconfirmed(
  fixture: Fixture,
  schedule: PlannedSchedule,
  newSendAt: Date,
): Alert {
  return alert(
    fixture,
    "moved_while_unconfirmed",
    "warning",
    `${
      matchTitle(fixture)
    }: moved before the push was confirmed; a new push is scheduled a day after the first was due`,
    { was_due_at: schedule.sendAt, would_send_at: newSendAt },
  );
}

function matchTitle({ matchId, homeTeam, awayTeam }: Fixture): string {
  return `Match ${matchId} ${homeTeam}–${awayTeam}`;
}

/** `part`: distinguishes alerts of the same rule and match. */
function alert(
  fixture: Fixture,
  rule: Rule,
  severity: Alert["severity"],
  title: string,
  details: Readonly<Record<string, unknown>>,
  part?: number,
): Alert {
  return {
    fingerprint: [rule, fixture.matchId, ...(part === undefined ? [] : [part])].join(":"),
    rule,
    severity,
    audience: "admin",
    title,
    details,
    matchId: fixture.matchId,
  };
}
