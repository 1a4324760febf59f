/** Builders for events and for the facts that the database has about them. */
import {
  type Context,
  createContext,
  type Evidence,
  type Facts,
  type IdentifierFacts,
  type IdentifierKind,
  type LedgerFacts,
  type Policy,
  type ScheduleFacts,
} from "../../supabase/functions/_shared/attribution/evidence.ts";

export const CAMPAIGN = "0f3b7c1e-1111-4c2a-9a00-5d5e6f7a8b90";
export const OTHER_CAMPAIGN = "0f3b7c1e-2222-4c2a-9a00-5d5e6f7a8b90";

/** A time on the day of all the tests: `at("14:00:23")`. */
export function at(time: string): Date {
  return new Date(`2024-12-07T${time}Z`);
}

export function ledgerIdOf(matchId: number): string {
  return `0b9f6f6e-2f3a-4d6c-9a51-${String(matchId).padStart(12, "0")}`;
}

export const NO_FACTS: Facts = {
  ledgers: [],
  identifiers: [],
  attempts: [],
  campaignIds: [],
  unmanaged: [],
};

export const POLICY: Policy = {
  campaignId: CAMPAIGN,
  freezeMs: 15 * 60_000,
  windowMs: 24 * 60 * 60_000,
};

export function contextOf(
  ledgers: readonly LedgerFacts[],
  identifiers: readonly IdentifierFacts[] = [],
  changes: Partial<Facts> = {},
): Context {
  return createContext({ ...NO_FACTS, ledgers, identifiers, ...changes }, POLICY);
}

/** Its times are `sendAt` and `movingTo`, unless `changes` names others. */
export function schedule(changes: Partial<ScheduleFacts> = {}): ScheduleFacts {
  const { sendAt = at("14:00:00"), movingTo = null } = changes;
  return {
    generation: 1,
    campaignId: CAMPAIGN,
    state: "live",
    sendAt,
    movingTo,
    deletedAt: null,
    shutOutAt: null,
    times: [sendAt, ...movingTo === null ? [] : [movingTo]].map((at) => ({ at, leftAt: null })),
    ...changes,
  };
}

export function ledger(matchId: number, ...schedules: Partial<ScheduleFacts>[]): LedgerFacts {
  return {
    ledgerId: ledgerIdOf(matchId),
    matchId,
    intent: 1,
    generation: schedules.length,
    schedules: schedules.map((changes, index) => schedule({ generation: index + 1, ...changes })),
  };
}

export function identifier(
  kind: IdentifierKind,
  value: string,
  matchId: number,
  changes: Partial<IdentifierFacts> = {},
): IdentifierFacts {
  return {
    kind,
    value,
    ledgerId: ledgerIdOf(matchId),
    generation: null,
    ambiguous: false,
    ...changes,
  };
}

/** A push that was sent at 14:00:23 by our campaign, without other evidence of its origin. */
export function evidence(changes: Partial<Evidence> = {}): Evidence {
  return {
    eventType: "send",
    channel: "push",
    sentAt: at("14:00:23"),
    timeKind: "send",
    receivedAt: at("14:01:00"),
    campaignId: CAMPAIGN,
    canvasId: null,
    echoedLedgerId: null,
    echoedMatchId: null,
    echoedGeneration: null,
    echoedAttemptId: null,
    hasForeignExtras: false,
    scheduleId: null,
    dispatchId: null,
    sendId: null,
    ...changes,
  };
}
