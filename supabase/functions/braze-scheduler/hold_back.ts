/**
 * Holds back removals and remakes when too many come at once: more likely the sync is wrong than the fixtures. Pure.
 *
 * What is held stays held until a person confirms it or the fixture is as before: waiting must not make it fit under the
 * cap.
 */
import { isEqual } from "date-fns";
import type { Alert } from "../_shared/store/alerts_and_logs.ts";
import type { ChangesAllowed, HeldKind, Team } from "../_shared/store/planning.ts";
import { currentOf } from "../_shared/scheduling/schedule.ts";
import * as alerts from "./plan_alerts.ts";
import { replacedParts } from "./reused_id.ts";
import type { PlannedMatch, Step } from "./step.ts";

export interface HeldBack {
  readonly planned: readonly PlannedMatch[];
  /** Matches of which a removal or a remake is held, or was held and is confirmed. */
  readonly removals: readonly number[];
  readonly remakes: readonly number[];
  readonly alerts: readonly Alert[];
}

export function holdBack(
  planned: readonly PlannedMatch[],
  teams: readonly Team[],
  allowed: ChangesAllowed,
  now: Date,
): HeldBack {
  const byName = new Map(teams.map((team) => [team.name, team]));
  const removals = questionsOf("removal", planned, allowed.removals);
  const remakes = questionsOf("remake", planned, allowed.remakes);
  const held = new Set([...removals.held, ...remakes.held]);
  return {
    planned: planned.map((match) =>
      held.has(match) ? { ...match, step: stepWhileHeld(match, byName) } : match
    ),
    removals: [...removals.held, ...removals.confirmed].map(idOf),
    remakes: [...remakes.held, ...remakes.confirmed].map(idOf),
    alerts: [
      ...alertsOf("removal", removals.held, now),
      ...alertsOf("remake", remakes.held, now),
    ],
  };
}

function questionsOf(kind: HeldKind, planned: readonly PlannedMatch[], max: number) {
  const asked = planned.filter((match) => kindOf(match) === kind);
  const confirmed = asked.filter(({ fixture: { held } }) => held?.kind === kind && held.confirmed);
  const open = asked.filter((match) => !confirmed.includes(match));
  const held = open.filter(({ fixture }) => open.length > max || fixture.held?.kind === kind);
  return { confirmed, held };
}

/** A delete that was asked for before is only tried again. */
function kindOf({ fixture: { ledger }, step }: PlannedMatch): HeldKind | null {
  if (ledger === null) return null;
  const state = currentOf(ledger)?.state;
  if (state === "deleting") return null;
  // What is seen going out is no matter of the fixtures.
  if (step.action === "cancel" && step.target !== null && step.reason !== "held") return "removal";
  // With the same content, a schedule is made that Braze may not have.
  return step.action === "recreate" ||
      (step.action === "supersede" && state === "live" && step.want.signature !== ledger.signature)
    ? "remake"
    : null;
}

/** A text that waits does not keep a kick-off that moved from its new time, unless it is another match. */
function stepWhileHeld(
  { fixture, step }: PlannedMatch,
  teams: ReadonlyMap<string, Team>,
): Step {
  if (step.action !== "recreate" && step.action !== "supersede") {
    return { action: "skip", reason: "removal_held" };
  }
  const { want: { sendAt }, target, soonest } = step;
  const current = fixture.ledger === null ? undefined : currentOf(fixture.ledger);
  const isOnTime = current !== undefined && current.movingTo === null &&
    isEqual(current.sendAt, sendAt);
  return isOnTime || target === null || replacedParts(fixture, teams).length > 0
    ? { action: "skip", reason: "remake_held" }
    : { action: "move", want: { sendAt }, target, soonest, replacement: null };
}

/** One alert for what was held at once, so that what is held later is told, too. */
function alertsOf(kind: HeldKind, held: readonly PlannedMatch[], now: Date): Alert[] {
  const since = ({ fixture }: PlannedMatch) =>
    fixture.held?.kind === kind ? fixture.held.heldAt : now;
  const together = Map.groupBy(held, (match) => since(match).getTime());
  return [...together].map(([time, matches]) =>
    alerts.changesHeld(kind, matches.map(({ fixture }) => fixture), new Date(time))
  );
}

function idOf({ fixture }: PlannedMatch): number {
  return fixture.matchId;
}
