/** Past and still pending: what can settle it, and how bad it is. Pure. */
import { differenceInMilliseconds, subDays } from "date-fns";
import type { KnownMatch, KnownSchedule } from "../../_shared/store/reconciliation.ts";
import {
  SENDS_FOR_MS_MAX,
  STALE_AFTER_MS,
  STALE_FOR_GOOD_AFTER_MS,
  STATISTICS_KEPT_DAYS,
} from "./limits.ts";
import { currentOf, lastSendAt } from "./matches.ts";
import { isStale } from "./verify.ts";

export interface Stale {
  readonly match: KnownMatch;
  readonly dueAt: Date;
  readonly isForGood: boolean;
  /** Why Braze's statistics cannot settle it; null where they can. */
  readonly unconfirmable:
    | "no_send_id"
    | "statistics_gone"
    | "another_schedule_may_have_gone_out"
    | null;
}

/** The latest first: what Braze still has statistics of, and what somebody may be asking for. */
export function findStale(matches: readonly KnownMatch[], now: Date): Stale[] {
  return matches
    .filter((match) => match.status === "pending" && !match.hasEvents && isStale(match, now))
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

function whyNot(match: KnownMatch, dueAt: Date, now: Date): Stale["unconfirmable"] {
  if (match.sendId === null) return "no_send_id";
  if (dueAt < subDays(now, STATISTICS_KEPT_DAYS)) return "statistics_gone";
  return mayBeAnothers(match, now) ? "another_schedule_may_have_gone_out" : null;
}

/** The send id is the match's own over all its schedules: what an older one sent is counted under it too. */
function mayBeAnothers({ schedules, generation }: KnownMatch, now: Date): boolean {
  const kept = subDays(now, STATISTICS_KEPT_DAYS + 1);
  return schedules.some((schedule) =>
    schedule.generation !== generation && lastSendAt(schedule) > kept &&
    (schedule.firstEventAt !== null || isLoose(schedule.state) || wasReleased(schedule) ||
      // A delete close to the send is best effort.
      (schedule.state === "deleted" &&
        differenceInMilliseconds(schedule.sendAt, schedule.updatedAt) <
          STALE_AFTER_MS &&
        differenceInMilliseconds(schedule.updatedAt, schedule.sendAt) <
          SENDS_FOR_MS_MAX))
  );
}

/** Somebody called it not there, which nothing proves. */
function wasReleased({ state, brazeScheduleId }: KnownSchedule): boolean {
  return state === "deleted" && brazeScheduleId === null;
}

function isLoose(state: string): boolean {
  return state === "creating" || state === "live" || state === "unknown" ||
    state === "deleting";
}
