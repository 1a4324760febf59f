/** Finds pending matches past their send time, and whether Braze's statistics can confirm them. Pure. */
import { differenceInMilliseconds, subDays } from "date-fns";
import {
  currentOf,
  isUnsettled,
  lastSendAt,
  SENDS_FOR_MS_MAX,
} from "../../_shared/scheduling/schedule.ts";
import type { KnownMatch, KnownSchedule } from "../../_shared/store/reconciliation.ts";
import { STALE_AFTER_MS, STALE_FOR_GOOD_AFTER_MS, STATISTICS_KEPT_DAYS } from "./limits.ts";
import { isStale } from "./verify.ts";

export interface Stale {
  readonly match: KnownMatch;
  readonly dueAt: Date;
  readonly isForGood: boolean;
  /** Why Braze's statistics cannot confirm the send; null when they can. */
  readonly unconfirmable:
    | "no_send_id"
    | "statistics_gone"
    | "another_schedule_may_have_gone_out"
    | null;
}

/** Latest first: Braze still has statistics for these, and they matter most to an operator. */
export function findStale(matches: readonly KnownMatch[], now: Date): Stale[] {
  return matches
    // Where Braze aborted every push, the events say what became of it, and push_aborted tells it.
    .filter((match) =>
      match.status === "pending" && !match.hasEvents && !match.wasAborted && isStale(match, now)
    )
    .map((match): Stale => {
      const current = currentOf(match);
      const dueAt = current === undefined ? match.sendAt : lastSendAt(current);
      return {
        match,
        dueAt,
        isForGood: differenceInMilliseconds(now, dueAt) >= STALE_FOR_GOOD_AFTER_MS,
        unconfirmable: whyNot(match, dueAt, now),
      };
    })
    .sort((a, b) => b.dueAt.getTime() - a.dueAt.getTime() || a.match.matchId - b.match.matchId);
}

function whyNot(
  match: KnownMatch,
  dueAt: Date,
  now: Date,
): Stale["unconfirmable"] {
  if (match.sendId === null) return "no_send_id";
  if (dueAt < subDays(now, STATISTICS_KEPT_DAYS)) return "statistics_gone";
  return mayIncludeAnother(match, now) ? "another_schedule_may_have_gone_out" : null;
}

/** All schedules of a match share its send id, so the count may include pushes of an older schedule. */
function mayIncludeAnother(
  { schedules, generation }: KnownMatch,
  now: Date,
): boolean {
  const statisticsFrom = subDays(now, STATISTICS_KEPT_DAYS + 1);
  return schedules.some((schedule) =>
    schedule.generation !== generation && lastSendAt(schedule) > statisticsFrom &&
    (schedule.firstEventAt !== null || isUnsettled(schedule.state) || wasReleased(schedule) ||
      // A delete close to the send time may come too late.
      (schedule.state === "deleted" &&
        differenceInMilliseconds(schedule.sendAt, schedule.updatedAt) <
          STALE_AFTER_MS &&
        differenceInMilliseconds(schedule.updatedAt, schedule.sendAt) <
          SENDS_FOR_MS_MAX))
  );
}

/** Declared absent without proof. */
function wasReleased({ state, brazeScheduleId }: KnownSchedule): boolean {
  return state === "deleted" && brazeScheduleId === null;
}
