/** Decides whether a push may be sent now, from the ledger's facts about its generation. Pure. */
import { addMilliseconds, isBefore, min } from "date-fns";
import type { GateFacts } from "../_shared/store/gate.ts";

/** Templates may depend on these: never rename a value. */
export type GateReason =
  | "current"
  /**
   * The token is valid, but the ledger has no such row, or the journal no such create: another project's database, or
   * one restored from a backup.
   */
  | "unknown_schedule"
  | "superseded"
  | "cancelled"
  /** The journal records that it was deleted or that its create failed. */
  | "taken_back"
  /** Another schedule of the match was seen going out; a person may release it. */
  | "held"
  /** `SEND_GATE_LATE_MINUTES` after its time, or after kick-off. */
  | "too_late"
  | "match_postponed"
  | "match_cancelled"
  | "match_finished"
  /** `matches.push` is false. */
  | "push_off";

export interface GateAnswer {
  readonly send: boolean;
  readonly reason: GateReason;
}

/**
 * A moved kick-off does not close the gate while the match stays `scheduled`: near the send it cannot be rescheduled,
 * and a push at the old time is better than none. Absence from the listing does not close it either: the request proves
 * that the schedule exists, and it is the only one of its match. Nor does a match that was called off together with so many
 * others that a person has to confirm it.
 */
export function decide(
  facts: GateFacts | null,
  generation: number,
  lateMs: number,
  now: Date,
): GateAnswer {
  if (facts === null || facts.state === null || facts.sendAt === null) {
    return closed("unknown_schedule");
  }
  if (facts.generation !== generation) return closed("superseded");
  const wasReportedAbsent = facts.status === "cancelled" && facts.cancelReason === "dashboard";
  if (!wasReportedAbsent) {
    if (facts.status === "cancelled") return closed("cancelled");
    if (facts.state === "deleted" || facts.state === "failed") return closed("taken_back");
  }
  if (!facts.removalHeld) {
    if (facts.matchStatus !== "scheduled") return closed(`match_${facts.matchStatus}`);
    if (!facts.push) return closed("push_off");
  }
  if (facts.isHeld) return closed("held");
  if (!isBefore(now, min([addMilliseconds(facts.sendAt, lateMs), facts.kickoffAt]))) {
    return closed("too_late");
  }
  return { send: true, reason: "current" };
}

function closed(reason: GateReason): GateAnswer {
  return { send: false, reason };
}
