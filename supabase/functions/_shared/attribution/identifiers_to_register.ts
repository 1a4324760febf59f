/** Derives the identifiers that an event registers. Pure. */
import { isOfOtherCampaign } from "./correlate.ts";
import { readEcho } from "./echo.ts";
import {
  type Context,
  type Evidence,
  type ExplicitIdentifier,
  type IdentifierKind,
  TEST_DISPATCH_ID,
} from "./evidence.ts";
import { matchOfSendId } from "./own_send_id.ts";
import { placeIn } from "./windows.ts";

export interface IdentifierToRegister extends ExplicitIdentifier {
  readonly ledgerId: string;
  /** Null when the event does not name its generation. */
  readonly generation: number | null;
}

/**
 * The Braze identifiers of an event of our campaign whose echo or own-form send id names one match, at a time of that
 * match. No attribution registers anything, so the registry does not depend on the order of events.
 */
export function identifiersToRegister(
  evidence: Evidence,
  context: Context,
): IdentifierToRegister[] {
  if (
    evidence.campaignId === null || evidence.dispatchId === TEST_DISPATCH_ID ||
    isOfOtherCampaign(evidence, context)
  ) return [];
  const echo = readEcho(evidence, context);
  if (echo.kind === "unknown" || (echo.kind === "named" && echo.other !== null)) return [];
  const { sendId } = evidence;
  const ownMatchId = sendId === null ? null : matchOfSendId(sendId);
  const own = sendId === null || ownMatchId === null ? null : context.ofSendId(ownMatchId, sendId);
  const ledger = echo.kind === "named" ? echo.ledger : own;
  if (ledger == null || own === undefined || (own !== null && own !== ledger)) return [];
  const generation = echo.kind === "named" ? echo.generation : null;
  const { timing } = placeIn(ledger, generation, evidence, context.policy);
  if (timing !== "in_window" && timing !== "moved_away") return [];

  const { ledgerId } = ledger;
  return identifiersOf(evidence).map((identifier) => ({ ...identifier, ledgerId, generation }));
}

/** The Braze identifiers of an event that the registry may hold: all but send ids of our own form. */
export function identifiersOf(
  evidence: Pick<Evidence, "scheduleId" | "dispatchId" | "sendId">,
): readonly ExplicitIdentifier[] {
  const { scheduleId, sendId, dispatchId } = evidence;
  const identifiers: readonly (readonly [IdentifierKind, string | null])[] = [
    ["schedule_id", scheduleId],
    ["send_id", sendId !== null && matchOfSendId(sendId) === null ? sendId : null],
    ["dispatch_id", dispatchId],
  ];
  return identifiers.flatMap(([kind, value]) => value === null ? [] : [{ kind, value }]);
}
