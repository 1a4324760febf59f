/** Whether a push may go out now, from what the ledger says of its generation. Pure. */
import type { GateFacts } from "../_shared/store/gate.ts";

/** Callers may switch on these: never rename one. */
export type GateReason =
  | "current"
  /** The token is right, and the ledger row is not there: another project's database, or one put back from a copy. */
  | "unknown_schedule"
  | "superseded"
  | "cancelled"
  /** The journal has it deleted, or has it that Braze never made it. */
  | "taken_back"
  | "match_postponed"
  | "match_cancelled"
  | "match_finished";

export interface GateAnswer {
  readonly send: boolean;
  readonly reason: GateReason;
}

/**
 * A kick-off that moved while its match stays `scheduled` closes nothing: near the send it cannot be planned anew, and
 * a push at the old time is better than none. Nor does a list that lacked the schedule: what asks is there after all, and
 * it is the only one of its match.
 */
export function decide(facts: GateFacts | null, generation: number): GateAnswer {
  if (facts === null || facts.state === null) return closed("unknown_schedule");
  if (facts.generation !== generation) return closed("superseded");
  const isTakenForGone = facts.status === "cancelled" && facts.cancelReason === "dashboard";
  if (!isTakenForGone) {
    if (facts.status === "cancelled") return closed("cancelled");
    if (facts.state === "deleted" || facts.state === "failed") return closed("taken_back");
  }
  if (facts.matchStatus !== "scheduled") return closed(`match_${facts.matchStatus}`);
  return { send: true, reason: "current" };
}

function closed(reason: GateReason): GateAnswer {
  return { send: false, reason };
}
