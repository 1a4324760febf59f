/** Facts of a schedule that several functions need: its send times, and whether Braze may have it. Pure. */
import { max, min } from "date-fns";
import type { ScheduleState } from "../attribution/evidence.ts";

/** A schedule this long past its send time was sent or never will be. SQL function open_create applies the same rule. */
export const SENDS_FOR_MS_MAX = 24 * 60 * 60_000;

interface Times {
  readonly sendAt: Date;
  /** The other time, while the outcome of a move is unknown: Braze may send at either time. */
  readonly movingTo: Date | null;
}

export function firstSendAt({ sendAt, movingTo }: Times): Date {
  return min([sendAt, movingTo ?? sendAt]);
}

export function lastSendAt({ sendAt, movingTo }: Times): Date {
  return max([sendAt, movingTo ?? sendAt]);
}

/** Braze has or may have the schedule, and may send it. */
export function isUnsettled(state: ScheduleState): boolean {
  return state === "creating" || state === "live" || state === "unknown" || state === "deleting";
}

export function currentOf<Schedule extends { readonly generation: number }>(
  { schedules, generation }: {
    readonly schedules: readonly Schedule[];
    readonly generation: number;
  },
): Schedule | undefined {
  return schedules.find((schedule) => schedule.generation === generation);
}

/** The key of one generation of a ledger row. */
export function keyOf({ ledgerId, generation }: {
  readonly ledgerId: string;
  readonly generation: number;
}): string {
  return `${ledgerId}:${generation}`;
}
