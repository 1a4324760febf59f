/** Builders for events and for the facts that the database has about them. */
import {
  type Evidence,
  type IdentifierFacts,
  type IdentifierKind,
  type LedgerFacts,
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

export function schedule(changes: Partial<ScheduleFacts> = {}): ScheduleFacts {
  return {
    generation: 1,
    campaignId: CAMPAIGN,
    state: "live",
    sendAt: at("14:00:00"),
    movingTo: null,
    ...changes,
  };
}

export function ledger(matchId: number, ...schedules: Partial<ScheduleFacts>[]): LedgerFacts {
  return {
    ledgerId: ledgerIdOf(matchId),
    matchId,
    sendId: null,
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
    timeIsSendTime: true,
    isTest: false,
    campaignId: CAMPAIGN,
    ledgerId: null,
    matchId: null,
    generation: null,
    scheduleId: null,
    dispatchId: null,
    sendId: null,
    ...changes,
  };
}
