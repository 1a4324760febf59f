/** Matches, teams and ledger rows as the plan reads them, with the changes of a test. */
import {
  intentFor,
  type PlanSettings,
  type Wanted,
} from "../../supabase/functions/_shared/scheduling/intent.ts";
import { plan } from "../../supabase/functions/braze-scheduler/plan.ts";
import type { PlannedMatch } from "../../supabase/functions/braze-scheduler/step.ts";
import type {
  Fixture,
  LedgerRow,
  PlannedSchedule,
  Team,
} from "../../supabase/functions/_shared/store/planning.ts";
import { at, CAMPAIGN, ledgerIdOf } from "./facts.ts";

const MINUTE_MS = 60_000;

export const NOW = at("06:00:00");
export const KICKOFF_AT = at("15:00:00");
export const SEND_AT = at("14:00:00");

export const settings: PlanSettings = {
  campaignId: CAMPAIGN,
  broadcast: false,
  teamAttributes: ["Team 1", "Team 2"],
  sendLeadMs: 60 * MINUTE_MS,
  sendGate: "off",
  freezeMs: 15 * MINUTE_MS,
  createLeadMs: 3 * MINUTE_MS,
  fixturesTimeZone: "Europe/London",
  horizonMs: 7 * 24 * 60 * MINUTE_MS,
  closedGates: new Set(),
  doubted: new Set(),
};

export function team(name: string, changes: Partial<Team> = {}): Team {
  return { name, brazeAttributeValue: name, notify: true, audienceSize: 1_000, ...changes };
}

export const teams = [team("Arsenal"), team("Chelsea")];

export function match(changes: Partial<Fixture> = {}): Fixture {
  return {
    matchId: 1,
    competition: "Premier League",
    homeTeam: "Arsenal",
    awayTeam: "Chelsea",
    kickoffAt: KICKOFF_AT,
    kickoffConfirmed: true,
    status: "scheduled",
    push: true,
    triggerProperties: {},
    held: null,
    sendId: `match-${changes.matchId ?? 1}`,
    intent: 1,
    sendIdCampaigns: [CAMPAIGN],
    ledger: null,
    ...changes,
  };
}

/** The intent for a match that is expected to have one. */
export function wanted(fixture: Fixture, of = settings): Wanted {
  const byName = new Map(teams.map((team) => [team.name, team]));
  const intent = intentFor(fixture, byName, of);
  if (!intent.wanted) throw new Error(`Cannot want match: it is ${intent.reason}`);
  return intent;
}

export function planned(changes: Partial<PlannedSchedule> = {}): PlannedSchedule {
  return {
    generation: 1,
    state: "live",
    brazeScheduleId: "schedule-1",
    sendAt: SEND_AT,
    movingTo: null,
    changedAt: new Date("2024-12-06T18:00:00Z"),
    deleteFailed: false,
    campaignId: CAMPAIGN,
    gated: true,
    settled: false,
    wasCreated: true,
    ...changes,
  };
}

/** A ledger row over `schedules`, of which the last is the current one. */
export function row(
  changes: Partial<LedgerRow> = {},
  ...schedules: Partial<PlannedSchedule>[]
): LedgerRow {
  const all = (schedules.length === 0 ? [{}] : schedules).map((schedule, index) =>
    planned({ generation: index + 1, brazeScheduleId: `schedule-${index + 1}`, ...schedule })
  );
  const current = all.at(-1) ?? planned();
  return {
    ledgerId: ledgerIdOf(1),
    status: "pending",
    cancelReason: null,
    campaignId: CAMPAIGN,
    generation: current.generation,
    signature: wanted(match()).signature,
    sendAt: current.sendAt,
    madeFor: null,
    closedMoves: [],
    isHeld: false,
    schedules: all,
    ...changes,
  };
}

export function planOne(
  fixture: Fixture,
  now = NOW,
  known: readonly Team[] = teams,
  of = settings,
): PlannedMatch {
  const [planned] = plan([fixture], known, of, now);
  if (planned === undefined) throw new Error("Cannot plan: the plan must have a step, got none");
  return planned;
}

/** `skip unchanged`, `create`, … */
export function inWords({ step }: PlannedMatch): string {
  return "reason" in step ? `${step.action} ${step.reason}` : step.action;
}
