/** What must be looked up before a batch of events can be judged. Pure. */
import { TIME_GUARD_MS } from "./correlate.ts";
import { type Evidence, type ExplicitIdentifier, identifiersOf } from "./evidence.ts";

export interface LookupRequest {
  readonly ledgerIds: readonly string[];
  readonly matchIds: readonly number[];
  readonly identifiers: readonly ExplicitIdentifier[];
  /** Around which schedules are looked for, up to `guardMs` away. */
  readonly times: readonly Date[];
  readonly guardMs: number;
}

/** What the database must know for these events to be judged. */
export function lookupRequestFor(evidence: readonly Evidence[]): LookupRequest {
  const identifiers = new Map<string, ExplicitIdentifier>();
  const ledgerIds = new Set<string>();
  const matchIds = new Set<number>();
  const times = new Map<number, Date>();
  for (const one of evidence) {
    if (one.isTest) continue;
    if (one.ledgerId !== null) ledgerIds.add(one.ledgerId);
    if (one.matchId !== null) matchIds.add(one.matchId);
    for (const named of identifiersOf(one)) identifiers.set(`${named.kind}:${named.value}`, named);
    // Whole minutes, and a guard that is a minute wider: a hundred events ask for one or two times.
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
