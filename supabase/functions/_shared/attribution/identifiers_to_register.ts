/** What an attributed event teaches: identifiers for its fellows, and proof that a schedule went out. */
import {
  type Attribution,
  type Evidence,
  type ExplicitIdentifier,
  identifiersOf,
} from "./evidence.ts";

export interface IdentifierToRegister extends ExplicitIdentifier {
  readonly ledgerId: string;
  readonly generation: number | null;
}

/** push: a push was sent or opened. webhook: the dispatch ran, which does not prove a push. */
export type Proof = "push" | "webhook";

/**
 * The Braze identifiers that now belong to the event's ledger row. Only certain events teach, not those that have
 * nothing but a dispatch id; and an event that contradicts itself teaches only what its own echo vouches for, or that
 * its dispatch id is lent, and good for nothing any more.
 */
export function identifiersToRegister(
  evidence: Evidence,
  attribution: Attribution,
): IdentifierToRegister[] {
  const { ledgerId, generation, method, confidence, contradictions } = attribution;
  if (confidence !== "high" || ledgerId === null) return [];
  // Braze may have lent it: what else the event names may be another match's.
  if (method === "dispatch_id") return [];
  const echoed = method === "ledger_id" || method === "match_id";
  const isShared = contradictions.every((other) => other.method === "dispatch_id");
  if (!echoed && !isShared) return [];

  return identifiersOf(evidence).map((named) => ({ ...named, ledgerId, generation }));
}

/** Low confidence proves nothing, and neither does an Abort or a Bounce alone. */
export function proofOf(
  evidence: Pick<Evidence, "channel" | "eventType">,
  attribution: Attribution,
): Proof | null {
  const { confidence, generation } = attribution;
  if (generation === null || (confidence !== "high" && confidence !== "medium")) return null;
  return proofIfTied(evidence);
}

/** What an event proves of the schedule that it is tied to for certain. */
export function proofIfTied(evidence: Pick<Evidence, "channel" | "eventType">): Proof | null {
  if (evidence.channel === "push") {
    return evidence.eventType === "send" || evidence.eventType === "open" ? "push" : null;
  }
  return evidence.channel === "webhook" && evidence.eventType === "send" ? "webhook" : null;
}
