/** Accessors for the ledger's facts about a match. Pure. */
import { max, min } from "date-fns";
import type { KnownMatch, KnownSchedule } from "../../_shared/store/reconciliation.ts";

export function currentOf(
  { schedules, generation }: KnownMatch,
): KnownSchedule | undefined {
  return schedules.find((schedule) => schedule.generation === generation);
}

/** While the outcome of a move is unknown, Braze may send at either time. */
export function firstSendAt(
  { sendAt, movingTo }: Pick<KnownSchedule, "sendAt" | "movingTo">,
) {
  return min([sendAt, movingTo ?? sendAt]);
}

export function lastSendAt(
  { sendAt, movingTo }: Pick<KnownSchedule, "sendAt" | "movingTo">,
) {
  return max([sendAt, movingTo ?? sendAt]);
}

export function keyOf({ ledgerId, generation }: {
  readonly ledgerId: string;
  readonly generation: number;
}): string {
  return `${ledgerId}:${generation}`;
}
