/** Collects the facts that correlation needs for a batch of events. Pure. */
import { isLedgerId, ledgerIdOf, matchIdOf } from "./echo.ts";
import { type Evidence, type ExplicitIdentifier, TEST_DISPATCH_ID } from "./evidence.ts";
import { identifiersOf } from "./identifiers_to_register.ts";
import { matchOfSendId } from "./own_send_id.ts";
import { TIME_GUARD_MS } from "./time.ts";

export interface LookupRequest {
  readonly ledgerIds: readonly string[];
  readonly matchIds: readonly number[];
  readonly attemptIds: readonly string[];
  readonly campaignIds: readonly string[];
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
  const attemptIds = new Set<string>();
  const campaignIds = new Set<string>();
  const times = new Map<number, Date>();
  for (const one of evidence) {
    if (one.dispatchId === TEST_DISPATCH_ID || one.canvasId !== null) continue;
    if (one.campaignId !== null) campaignIds.add(one.campaignId);
    if (isLedgerId(one.echoedLedgerId)) ledgerIds.add(ledgerIdOf(one.echoedLedgerId));
    if (isLedgerId(one.echoedAttemptId)) attemptIds.add(ledgerIdOf(one.echoedAttemptId));
    for (const matchId of [matchIdOf(one.echoedMatchId), matchOfSendId(one.sendId ?? "")]) {
      if (matchId !== null && !Number.isNaN(matchId)) matchIds.add(matchId);
    }
    for (const identifier of identifiersOf(one)) {
      identifiers.set(`${identifier.kind}:${identifier.value}`, identifier);
    }
    // Whole minutes with a guard one minute wider, so that a hundred events need one or two times.
    if (one.timeKind === "send") {
      const minute = Math.floor(one.sentAt.getTime() / 60_000) * 60_000;
      times.set(minute, new Date(minute));
    }
  }
  return {
    ledgerIds: [...ledgerIds],
    matchIds: [...matchIds],
    attemptIds: [...attemptIds],
    campaignIds: [...campaignIds],
    identifiers: [...identifiers.values()],
    times: [...times.values()],
    guardMs: TIME_GUARD_MS + 60_000,
  };
}
