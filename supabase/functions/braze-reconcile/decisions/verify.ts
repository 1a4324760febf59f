/** Whether each pending schedule exists, and each past one has events. Pure. */
import { differenceInMilliseconds, isAfter, subMilliseconds } from "date-fns";
import type { KnownMatch } from "../../_shared/store/reconciliation.ts";
import type { Presence } from "../../_shared/function/listing.ts";
import { BETWEEN_LISTINGS_MS, STALE_AFTER_MS } from "./limits.ts";
import { currentOf, firstSendAt, lastSendAt } from "./matches.ts";

/** These are stored: never rename one. */
export const FINDINGS = [
  "future_ok",
  "future_missing",
  "future_unknown",
  "past_with_webhook",
  /** Due so lately that nothing can be said. */
  "past_awaiting",
  "past_no_webhook",
  /** Of the last: those whose ledger row is pending still. */
  "stale_pending",
] as const;
export type Finding = typeof FINDINGS[number];

export interface Verified {
  readonly found: Readonly<Record<Finding, readonly KnownMatch[]>>;
  /** Past, proved by their events, and not known as sent. */
  readonly toConfirm: readonly KnownMatch[];
}

export function verify(
  matches: readonly KnownMatch[],
  presenceOf: (brazeScheduleId: string | null) => Presence,
  now: Date,
): Verified {
  const judged = matches.map((match) => ({ match, findings: judge(match, presenceOf, now) }));
  const of = (finding: Finding) =>
    judged.filter(({ findings }) => findings.includes(finding)).map(({ match }) => match);
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
    // Facts win over intents: a cancelled one too.
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

/** Live as far as we know, still to be sent, shown by an earlier list, and within reach of this one. */
export function shownBefore(
  matches: readonly KnownMatch[],
  until: Date,
  now: Date,
): readonly KnownMatch[] {
  return matches.filter((match) => {
    const current = currentOf(match);
    return match.status === "pending" && current?.state === "live" && current.listedAt !== null &&
      isAfter(firstSendAt(current), now) && !isAfter(lastSendAt(current), until);
  });
}

/** Due long enough ago that an event should have told of it. */
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
 * What record_listing would find absent, for a run that may not note anything: an earlier list lacked it, and this one,
 * which reaches far enough, does too.
 */
export function lackedTwice(
  matches: readonly KnownMatch[],
  listed: ReadonlySet<string>,
  until: Date,
  now: Date,
): Set<string> {
  return new Set(matches.flatMap(({ schedules }) =>
    schedules.flatMap((schedule) => {
      const { brazeScheduleId, state, listedAt, missedAt } = schedule;
      const isLacking = brazeScheduleId !== null && state === "live" && listedAt !== null &&
        missedAt !== null && !listed.has(brazeScheduleId) &&
        differenceInMilliseconds(now, missedAt) > BETWEEN_LISTINGS_MS &&
        isAfter(firstSendAt(schedule), now) && !isAfter(lastSendAt(schedule), until);
      return isLacking ? [brazeScheduleId] : [];
    })
  ));
}
