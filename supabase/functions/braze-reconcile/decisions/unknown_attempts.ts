/**
 * Resolves attempts with an unknown outcome from a listing, later attempts and events. Pure.
 *
 * A schedule is absent when an earlier listing showed it, the attempt is more than 5 minutes old, and two successive
 * listings lack it. A listing that does not identify single schedules resolves nothing.
 */
import { differenceInMilliseconds, isAfter, isEqual } from "date-fns";
import type {
  AttemptResolution,
  KnownMatch,
  KnownSchedule,
  ScheduleResolution,
  UnknownAttempt,
} from "../../_shared/store/reconciliation.ts";
import { BETWEEN_LISTINGS_MS, SETTLING_MS } from "./limits.ts";
import { firstSendAt, lastSendAt, SENDS_FOR_MS_MAX } from "../../_shared/scheduling/schedule.ts";

/** A listing that identifies each schedule. */
export interface PerScheduleListing {
  readonly sendAtById: ReadonlyMap<string, Date | null>;
  /** When it was requested. What changed later, or shortly before, it may not show. */
  readonly observedAt: Date;
  /** The latest send time that the listing covers. */
  readonly until: Date;
}

export interface UnresolvedAttempt {
  readonly attempt: UnknownAttempt;
  readonly match: KnownMatch | null;
}

export interface AttemptResolutions {
  readonly schedules: readonly ScheduleResolution[];
  readonly attempts: readonly AttemptResolution[];
  /** Moves and deletes that stay unknown: an operator should check them in Braze. */
  readonly unresolved: readonly UnresolvedAttempt[];
}

export function resolveUnknownAttempts(
  attempts: readonly UnknownAttempt[],
  matches: readonly KnownMatch[],
  listing: PerScheduleListing | null,
  horizonMs: number,
  now: Date,
): AttemptResolutions {
  const byLedgerId = new Map(matches.map((match) => [match.ledgerId, match]));
  const schedules = matches.flatMap(({ ledgerId, schedules }) =>
    schedules.flatMap((schedule) => {
      const effect = judgeSchedule(schedule, listing, now);
      return effect === null ? [] : [{ ledgerId, generation: schedule.generation, effect }];
    })
  );
  const effects = new Map(
    schedules.map((one) => [`${one.ledgerId}:${one.generation}`, one.effect]),
  );

  const resolved: AttemptResolution[] = [];
  const unresolved: UnresolvedAttempt[] = [];
  for (const attempt of attempts) {
    const match = attempt.ledgerId === null ? null : byLedgerId.get(attempt.ledgerId) ?? null;
    const schedule = match?.schedules.find(({ generation }) => generation === attempt.generation) ??
      null;
    const effect = effects.get(`${attempt.ledgerId}:${attempt.generation}`) ??
      null;
    const verdict = schedule === null
      ? judgeUnmanaged(attempt, listing, horizonMs, now)
      : judgeAttempt(attempt, schedule, effect, listing, now);
    if (verdict !== null) {
      resolved.push({ attemptId: attempt.attemptId, ...verdict });
    }
    const isOpen = verdict === null || verdict.effect === "missed";
    // The scheduler raises alerts for creates. The next run may still resolve a recent attempt.
    if (isOpen && attempt.kind !== "create" && isOld(attempt.closedAt, now)) {
      unresolved.push({ attempt, match });
    }
  }
  return { schedules, attempts: resolved, unresolved };
}

type Judgement = AttemptResolution extends infer One ? One extends unknown ? Omit<One, "attemptId">
  : never
  : never;

/** For a managed schedule whose delete was refused or has an unknown outcome. */
function judgeSchedule(
  schedule: KnownSchedule,
  listing: PerScheduleListing | null,
  now: Date,
): ScheduleResolution["effect"] | null {
  const {
    state,
    brazeScheduleId,
    hasOpenAttempt,
    updatedAt,
    listedAt,
    missedAt,
  } = schedule;
  const isUnconfirmed = state === "deleting" || state === "unknown";
  if (
    !isUnconfirmed || brazeScheduleId === null || hasOpenAttempt ||
    listing === null
  ) return null;
  if (!isOld(updatedAt, listing.observedAt)) return null;
  if (listing.sendAtById.has(brazeScheduleId)) return "live";
  const shouldBeListed = isAfter(firstSendAt(schedule), now) &&
    !isAfter(lastSendAt(schedule), listing.until);
  if (listedAt === null || !shouldBeListed) return null;
  if (missedAt === null) return "missed";
  return isAnother(listing, missedAt) ? "deleted" : null;
}

function judgeAttempt(
  attempt: UnknownAttempt,
  schedule: KnownSchedule,
  effect: ScheduleResolution["effect"] | null,
  listing: PerScheduleListing | null,
  now: Date,
): Judgement | null {
  if (schedule.hasOpenAttempt) return null;
  if (schedule.state === "completed") {
    return { resolvedAs: "proved_by_events", effect: null };
  }
  if (attempt.isSuperseded) return { resolvedAs: "superseded", effect: null };
  if (differenceInMilliseconds(now, lastSendAt(schedule)) > SENDS_FOR_MS_MAX) {
    return { resolvedAs: "released", effect: null };
  }
  if (attempt.kind === "delete") {
    if (effect === "live") return { resolvedAs: "listed", effect: null };
    if (effect === "deleted") return { resolvedAs: "absent", effect: null };
    const isResolved = schedule.state === "live" ||
      schedule.state === "deleted";
    return isResolved ? { resolvedAs: "superseded", effect: null } : null;
  }
  return attempt.kind === "update" ? judgeMove(attempt, schedule, listing) : null;
}

function judgeMove(
  attempt: UnknownAttempt,
  { brazeScheduleId, sendAt, movingTo }: KnownSchedule,
  listing: PerScheduleListing | null,
): Judgement | null {
  const isSuperseded = movingTo === null || attempt.movingTo === null ||
    !isEqual(movingTo, attempt.movingTo);
  if (isSuperseded) return { resolvedAs: "superseded", effect: null };
  const listedAt = listing?.sendAtById.get(brazeScheduleId ?? "") ?? null;
  if (listing === null || listedAt === null || !isOld(attempt.closedAt, listing.observedAt)) {
    return null;
  }
  if (isEqual(listedAt, movingTo)) {
    return { resolvedAs: "listed", effect: "moved" };
  }
  return isEqual(listedAt, sendAt) ? { resolvedAs: "listed", effect: "not_moved" } : null;
}

/** The delete of an unmanaged schedule. It was listed before, since only a listing starts such a delete. */
function judgeUnmanaged(
  attempt: UnknownAttempt,
  listing: PerScheduleListing | null,
  horizonMs: number,
  now: Date,
): Judgement | null {
  const { kind, brazeScheduleId, closedAt, missedAt } = attempt;
  if (kind !== "delete" || brazeScheduleId === null) return null;
  // The listing reaches no further than the horizon, so its send time has passed.
  if (differenceInMilliseconds(now, closedAt) > horizonMs + SENDS_FOR_MS_MAX) {
    return { resolvedAs: "released", effect: null };
  }
  if (listing === null || !isOld(closedAt, listing.observedAt)) return null;
  if (listing.sendAtById.has(brazeScheduleId)) {
    return { resolvedAs: "listed", effect: null };
  }
  if (missedAt === null) return { resolvedAs: null, effect: "missed" };
  return isAnother(listing, missedAt) ? { resolvedAs: "absent", effect: null } : null;
}

/** Whether the listing is another one than that which first lacked the schedule. */
function isAnother({ observedAt }: PerScheduleListing, missedAt: Date): boolean {
  return differenceInMilliseconds(observedAt, missedAt) >= BETWEEN_LISTINGS_MS;
}

/** Whether Braze's listing must show a change made at `at`. */
function isOld(at: Date, now: Date): boolean {
  return differenceInMilliseconds(now, at) > SETTLING_MS;
}
