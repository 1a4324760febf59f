/** Collects the facts that correlation needs for a batch of events. Pure. */
import { TIME_GUARD_MS } from "./correlate.ts";
import { type Evidence, type ExplicitIdentifier, identifiersOf } from "./evidence.ts";

export interface LookupRequest {
  readonly ledgerIds: readonly string[];
  readonly matchIds: readonly number[];
  readonly identifiers: readonly ExplicitIdentifier[];
  /** Schedules are loaded within `guardMs` of these times. */
  readonly times: readonly Date[];
  readonly guardMs: number;
}

/** The look-up that covers all these events. */
export function lookupRequestFor(evidence: readonly Evidence[]): LookupRequest {
  const identifiers = new Map<string, ExplicitIdentifier>();
  const ledgerIds = new Set<string>();
  const matchIds = new Set<number>();
  const times = new Map<number, Date>();
  for (const one of evidence) {
    if (one.isTest) continue;
    if (one.ledgerId !== null) ledgerIds.add(one.ledgerId);
    if (one.matchId !== null) matchIds.add(one.matchId);
    for (const identifier of identifiersOf(one)) {
      identifiers.set(`${identifier.kind}:${identifier.value}`, identifier);
    }
    // Whole minutes with a guard one minute wider, so that a hundred events need one or two times.
    if (one.timeIsSendTime) {
      const minute = Math.floor(one.sentAt.getTime() / 60_000) * 60_000;
      times.set(minute, new Date(minute));
    }
  }
  return {
    ledgerIds: [...ledgerIds],
    matchIds: [...matchIds],
    identifiers: [...identifiers.values()],
    times: [...times.values()],
    guardMs: TIME_GUARD_MS + 60_000,
  };
}
