/** Builds the alerts that planning and execution raise. */
import type { Alert } from "../_shared/store/alerts_and_logs.ts";
import { countText } from "../_shared/text/count_text.ts";
import { TRIGGER_PROPERTIES_BYTES_MAX } from "../_shared/braze/schemas.ts";
import type { Fixture, HeldKind, LedgerRow, PlannedSchedule } from "../_shared/store/planning.ts";
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
  "kickoff_unconfirmed",
  "kickoff_at_midnight",
  "properties_too_large",
  "match_id_reused",
] as const;
/** Rules over several matches: only a run over all matches evaluates them. */
export const RULES_OVER_ALL = [
  "teams_empty",
  "same_fixture_twice",
  "removals_held",
  "remakes_held",
] as const;
/** Harms, which only a person closes. */
type Harm = "sent_for_old_date";
type Rule = typeof RULES[number] | typeof RULES_OVER_ALL[number] | Harm;

/** The title of an alert is cut off after about 300 characters. */
const NAMED_MAX = 5;

export function unknownTeam(
  fixture: Fixture,
  team: string,
  nearest: string | null,
  severity: Alert["severity"],
): Alert {
  const hint = nearest === null ? "" : ` (is it "${nearest}"?)`;
  return {
    fingerprint: `unknown_team:${team}`,
    rule: "unknown_team",
    severity,
    audience: "admin",
    title:
      `Team "${team}"${hint} has no row in teams with a Braze attribute value: its fans get no new push`,
    details: {
      team,
      nearest_known: nearest,
      first_match_id: fixture.matchId,
      kickoff_at: fixture.kickoffAt,
    },
    matchId: null,
  };
}

export function teamsEmpty(matches: number): Alert {
  return {
    fingerprint: "teams_empty",
    rule: "teams_empty",
    severity: "critical",
    audience: "admin",
    title: `The table teams is empty: ${
      countText(matches)
    } matches keep the schedules that they have, and get no new ones`,
    details: { matches },
    matchId: null,
  };
}

export function sameFixtureTwice(one: Fixture, other: Fixture): Alert {
  const ids = [one.matchId, other.matchId].sort((a, b) => a - b);
  return {
    fingerprint: `same_fixture_twice:${ids.join(":")}`,
    rule: "same_fixture_twice",
    // The women's team of a club may play on the same day under the same name.
    severity: one.competition === other.competition ? "critical" : "warning",
    audience: "admin",
    title: `${
      matchTitle(one)
    } is listed a second time as match ${other.matchId}: users get two pushes`,
    details: {
      match_ids: ids,
      kickoffs: [one.kickoffAt, other.kickoffAt],
      competitions: [one.competition, other.competition],
    },
    matchId: other.matchId,
  };
}

export function changesHeld(
  kind: HeldKind,
  fixtures: readonly Fixture[],
  heldAt: Date,
): Alert {
  const rule = kind === "removal" ? "removals_held" : "remakes_held";
  const { length } = fixtures;
  const matches = length === 1 ? "1 match" : `${countText(length)} matches`;
  const what = kind === "removal"
    ? `${matches} taken off at once: is the sync all right? Until it is confirmed, their pushes go out`
    : `${matches} changed at once: until it is confirmed, their pushes go out as they are`;
  const named = fixtures.slice(0, NAMED_MAX).map(matchTitle).join(", ");
  const more = length > NAMED_MAX ? `, and ${countText(length - NAMED_MAX)} more` : "";
  return {
    fingerprint: `${rule}:${heldAt.toISOString()}`,
    rule,
    severity: "critical",
    audience: "admin",
    title: `${what}: ${named}${more}`,
    details: {
      held_since: heldAt,
      match_ids: fixtures.map(({ matchId }) => matchId),
      matches: fixtures.map((fixture) => ({
        match: matchTitle(fixture),
        status: fixture.status,
        push: fixture.push,
        sends_at: fixture.ledger?.sendAt ?? null,
      })),
    },
    matchId: null,
  };
}

export function kickoffUnconfirmed(
  fixture: Fixture,
  sendAt: Date,
  isKept: boolean,
  severity: Alert["severity"],
): Alert {
  return alert(
    fixture,
    "kickoff_unconfirmed",
    severity,
    `${matchTitle(fixture)}: its kick-off is not confirmed` +
      (isKept ? " any more; its push goes out as planned" : ", so it has no push"),
    {
      kickoff_at: fixture.kickoffAt,
      sends_at: isKept ? fixture.ledger?.sendAt ?? null : null,
      would_send_at: sendAt,
    },
  );
}

export function kickoffAtMidnight(fixture: Fixture, timeZone: string): Alert {
  return alert(
    fixture,
    "kickoff_at_midnight",
    "warning",
    `${matchTitle(fixture)}: its kick-off is at 00:00 (${timeZone}): is the time known?`,
    { kickoff_at: fixture.kickoffAt },
  );
}

export function propertiesTooLarge(fixture: Fixture, sendAt: Date, isKept: boolean): Alert {
  return alert(
    fixture,
    "properties_too_large",
    "critical",
    `${matchTitle(fixture)}: its trigger properties are larger than Braze accepts` +
      (isKept ? "; its push goes out as it was" : ", so it has no push"),
    { would_send_at: sendAt, bytes_max: TRIGGER_PROPERTIES_BYTES_MAX },
  );
}

export function matchIdReused(fixture: Fixture, replaced: readonly string[]): Alert {
  const { ledger } = fixture;
  const before = ledger?.madeFor ?? null;
  const was = before === null
    ? ""
    : `${before.homeTeam}–${before.awayTeam} (${before.competition})`;
  const done = ledger?.status === "sent" ? "was sent" : "was scheduled";
  return alert(
    fixture,
    "match_id_reused",
    "critical",
    `${
      matchTitle(fixture)
    } (${fixture.competition}): its push ${done} for ${was}; did the feed give its id to another match?`,
    { replaced, made_for: before, kickoff_at: fixture.kickoffAt },
  );
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
    `${matchTitle(fixture)}: its push was sent for the earlier kick-off; no second push is sent`,
    { sent_for: ledger.sendAt, would_send_at: newSendAt },
  );
}

export function sentForOldDate(fixture: Fixture, ledger: LedgerRow, newSendAt: Date): Alert {
  return alert(
    fixture,
    "sent_for_old_date",
    "critical",
    `${
      matchTitle(fixture)
    }: its push was sent for a date more than 12 hours earlier; is it played again? It has no second push until a person chooses`,
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
