/** Decides whether each pending schedule exists and each past one has events. Pure. */
import { differenceInMilliseconds, isAfter, subMilliseconds } from "date-fns";
import type { KnownMatch } from "../../_shared/store/reconciliation.ts";
import type { Presence } from "../../_shared/function/observe.ts";
import { BETWEEN_LISTINGS_MS, STALE_AFTER_MS } from "./limits.ts";
import { currentOf, firstSendAt, lastSendAt } from "../../_shared/scheduling/schedule.ts";

/** Stored in run summaries: never rename a value. */
export const FINDINGS = [
  "future_ok",
  "future_missing",
  "future_unknown",
  "past_with_webhook",
  /** Due so recently that events may still arrive. */
  "past_awaiting",
  "past_no_webhook",
  /** The part of past_no_webhook whose ledger row is still pending. */
  "stale_pending",
] as const;
export type Finding = typeof FINDINGS[number];

export interface Verified {
  readonly found: Readonly<Record<Finding, readonly KnownMatch[]>>;
  /** Past, proved by events, and not marked as sent. */
  readonly toConfirm: readonly KnownMatch[];
}

export function verify(
  matches: readonly KnownMatch[],
  presenceOf: (brazeScheduleId: string | null) => Presence,
  now: Date,
): Verified {
  const judged = matches.map((match) => ({
    match,
    findings: judge(match, presenceOf, now),
  }));
  const of = (finding: Finding) =>
    judged.filter(({ findings }) => findings.includes(finding)).map((
      { match },
    ) => match);
  return {
    found: {
      future_ok: of("future_ok"),
      future_missing: of("future_missing"),
      future_unknown: of("future_unknown"),
      past_with_webhook: of("past_with_webhook"),
      past_awaiting: of("past_awaiting"),
      past_no_webhook: of("past_no_webhook"),
      stale_pending: of("stale_pending"),
    },
    // Includes cancelled rows: an event proves the send whatever the ledger intends.
    toConfirm: matches.filter((match) => isPast(match, now) && match.hasEvents && !isSent(match)),
  };
}

function judge(
  match: KnownMatch,
  presenceOf: (brazeScheduleId: string | null) => Presence,
  now: Date,
): Finding[] {
  if (match.status === "cancelled") return [];
  if (!isPast(match, now)) {
    if (isSent(match)) return [];
    switch (presenceOf(currentOf(match)?.brazeScheduleId ?? null)) {
      case "present":
        return ["future_ok"];
      case "absent":
        return ["future_missing"];
      case "unknown":
        return ["future_unknown"];
    }
  }
  if (match.hasEvents) return ["past_with_webhook"];
  if (!isStale(match, now)) {
    return isSent(match) ? ["past_no_webhook"] : ["past_awaiting"];
  }
  return isSent(match) ? ["past_no_webhook"] : ["past_no_webhook", "stale_pending"];
}

/** Due long enough ago that an event should have arrived. */
export function isStale(match: KnownMatch, now: Date): boolean {
  const current = currentOf(match);
  const due = current === undefined ? match.sendAt : lastSendAt(current);
  return !isAfter(due, subMilliseconds(now, STALE_AFTER_MS));
}

function isPast(match: KnownMatch, now: Date): boolean {
  return !isAfter(match.sendAt, now);
}

function isSent({ status }: KnownMatch): boolean {
  return status === "sent";
}

/**
 * Ids that the SQL function record_listed would report as absent, for a dry run that may not store its look: an
 * earlier listing lacked the schedule, and this one covers its send time and lacks it too.
 */
export function lackedTwice(
  matches: readonly KnownMatch[],
  listed: ReadonlySet<string>,
  until: Date,
  now: Date,
): Set<string> {
  return new Set(
    matches.flatMap(({ schedules }) =>
      schedules.flatMap((schedule) => {
        const { brazeScheduleId, state, listedAt, missedAt } = schedule;
        const isMissing = brazeScheduleId !== null && state === "live" &&
          listedAt !== null &&
          missedAt !== null && !listed.has(brazeScheduleId) &&
          differenceInMilliseconds(now, missedAt) >= BETWEEN_LISTINGS_MS &&
          isAfter(firstSendAt(schedule), now) &&
          !isAfter(lastSendAt(schedule), until);
        return isMissing ? [brazeScheduleId] : [];
      })
    ),
  );
}
