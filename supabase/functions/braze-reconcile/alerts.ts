/** Builds the alerts that a reconciliation raises. Pure. */
import type { Alert } from "../_shared/store/alerts_and_logs.ts";
import type { KnownMatch } from "../_shared/store/reconciliation.ts";
import { countText } from "../_shared/text/count_text.ts";
import type { Gap } from "./decisions/gaps.ts";
import type { Stale } from "./decisions/stale.ts";
import type { UnresolvedAttempt } from "./decisions/unknown_attempts.ts";

export const SCHEDULE_GAP = "schedule_gap";
export const CANCELLATION_LIMIT_REACHED = "cancellation_limit_reached";
export const MANY_DUPLICATES = "many_duplicates";
export const DUPLICATES_THREE_DAYS = "duplicates_three_days";
export const ATTEMPT_UNKNOWN = "attempt_unknown";
export const STALE_PENDING = "stale_pending";

/** More duplicates than this in one run raise an alert (tracking gap 6). */
export const DUPLICATES_MAX = 10;
/** Duplicates on this many days in a row raise an alert (tracking gap 6). */
export const DUPLICATE_DAYS_MAX = 3;

const WHY_NONE: Partial<Record<Gap["reason"], string>> = {
  unknown_team: "no team to notify is in the teams table",
  window_missed: "the send time had passed when the match became known",
  never_planned: "the scheduler did not plan it",
  not_recreated: "the old schedule is deleted and no new one was created",
};

export function scheduleGap({ fixture, reason, sendAt }: Gap): Alert {
  const { matchId, homeTeam, awayTeam } = fixture;
  return {
    fingerprint: `${SCHEDULE_GAP}:${matchId}`,
    rule: SCHEDULE_GAP,
    severity: "critical",
    audience: "admin",
    title: `Match ${matchId} ${homeTeam}–${awayTeam} has no schedule: ${
      WHY_NONE[reason] ?? reason
    }`,
    details: { reason, send_at: sendAt, kickoff_at: fixture.kickoffAt },
    matchId,
  };
}

export function cancellationLimitReached(
  campaignId: string,
  wanted: number,
  allowed: number,
  listed: number,
): Alert {
  return {
    fingerprint: `${CANCELLATION_LIMIT_REACHED}:${campaignId}`,
    rule: CANCELLATION_LIMIT_REACHED,
    severity: "critical",
    audience: "admin",
    title:
      `${countText(wanted)} of ${
        countText(listed)
      } schedules in Braze are older ones beside their successors, but one run may ` +
      `cancel only ${countText(allowed)}: nothing was cancelled`,
    details: { campaign_id: campaignId, wanted, allowed, listed },
    matchId: null,
  };
}

export function manyDuplicates(
  campaignId: string,
  duplicates: number,
  matchIds: number[],
): Alert {
  return {
    fingerprint: `${MANY_DUPLICATES}:${campaignId}`,
    rule: MANY_DUPLICATES,
    severity: "critical",
    audience: "admin",
    title: `One run found ${countText(duplicates)} duplicate schedules in Braze`,
    details: { campaign_id: campaignId, duplicates, match_ids: matchIds },
    matchId: null,
  };
}

export function duplicatesThreeDays(campaignId: string, days: number): Alert {
  return {
    fingerprint: `${DUPLICATES_THREE_DAYS}:${campaignId}`,
    rule: DUPLICATES_THREE_DAYS,
    severity: "warning",
    audience: "engineering",
    title: `Duplicate schedules were found in Braze on ${countText(days)} days in a row`,
    details: { campaign_id: campaignId, days },
    matchId: null,
  };
}

export function attemptUnknown({ attempt, match }: UnresolvedAttempt): Alert {
  const { kind, matchId, generation, brazeScheduleId, closedAt } = attempt;
  const call = kind === "delete" ? "delete" : "move";
  const subject = match === null
    ? `Schedule ${brazeScheduleId} in Braze`
    : `${matchTitle(match)}: schedule ${generation}`;
  return {
    fingerprint: [
      ATTEMPT_UNKNOWN,
      matchId ?? brazeScheduleId,
      generation ?? brazeScheduleId,
      kind,
    ]
      .join(":"),
    rule: ATTEMPT_UNKNOWN,
    severity: "warning",
    audience: "admin",
    title: `${subject}: the outcome of the ${call} is unknown`,
    details: {
      attempt_id: attempt.attemptId,
      kind,
      generation,
      schedule_id: brazeScheduleId,
      since: closedAt,
    },
    matchId,
  };
}

export function stalePending(
  { match, dueAt, isForGood, unconfirmable }: Stale,
  reported: number | null,
): Alert {
  return {
    fingerprint: `${STALE_PENDING}:${match.matchId}`,
    rule: STALE_PENDING,
    severity: isForGood ? "critical" : "warning",
    audience: "admin",
    title: `${matchTitle(match)}: the push was due, but no event proves that it was sent`,
    details: {
      generation: match.generation,
      due_at: dueAt,
      braze_reported: reported,
      statistics: unconfirmable ??
        (reported === null ? "unknown" : "none_sent"),
    },
    matchId: match.matchId,
  };
}

function matchTitle({ matchId, homeTeam, awayTeam }: KnownMatch): string {
  return `Match ${matchId} ${homeTeam}–${awayTeam}`;
}
