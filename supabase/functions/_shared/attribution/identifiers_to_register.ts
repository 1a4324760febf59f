/** Derives from an attributed event the identifiers to register and the proof of a send. Pure. */
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

/** `push`: a push was sent or opened. `webhook`: the dispatch ran, which does not prove a push. */
export type Proof = "push" | "webhook";

/**
 * The Braze identifiers that belong to the event's ledger row. Only events with high confidence register identifiers,
 * except those attributed by dispatch id alone. An event with contradicting evidence registers identifiers only if its
 * echo confirms the match, or if the contradiction is a shared dispatch id, which then becomes ambiguous.
 */
export function identifiersToRegister(
  evidence: Evidence,
  attribution: Attribution,
): IdentifierToRegister[] {
  const { ledgerId, generation, method, confidence, contradictions } = attribution;
  if (confidence !== "high" || ledgerId === null) return [];
  // Braze may share a dispatch id, so the event's other identifiers may belong to another match.
  if (method === "dispatch_id") return [];
  const echoed = method === "ledger_id" || method === "match_id";
  const isSharedDispatch = contradictions.every((other) => other.method === "dispatch_id");
  if (!echoed && !isSharedDispatch) return [];

  return identifiersOf(evidence).map((identifier) => ({ ...identifier, ledgerId, generation }));
}

/** null for low confidence and for events that prove no send, such as Abort and Bounce. */
export function proofOf(
  evidence: Pick<Evidence, "channel" | "eventType">,
  attribution: Attribution,
): Proof | null {
  const { confidence, generation } = attribution;
  if (generation === null || (confidence !== "high" && confidence !== "medium")) return null;
  return proofIfTied(evidence);
}

/** What an event proves about the schedule that it certainly belongs to. */
export function proofIfTied(evidence: Pick<Evidence, "channel" | "eventType">): Proof | null {
  if (evidence.channel === "push") {
    return evidence.eventType === "send" || evidence.eventType === "open" ? "push" : null;
  }
  return evidence.channel === "webhook" && evidence.eventType === "send" ? "webhook" : null;
}
