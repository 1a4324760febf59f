/** Builders for the input of a reconciliation: matches, and Braze's list. */
import type { ListedSchedule } from "../../supabase/functions/_shared/braze/listing.ts";
import type {
  KnownMatch,
  KnownSchedule,
  UnknownAttempt,
} from "../../supabase/functions/_shared/store/reconciliation.ts";
import { at, CAMPAIGN, ledgerIdOf } from "./facts.ts";

/** Live since the evening before, due at 14:00, and listed. */
export function knownSchedule(changes: Partial<KnownSchedule> = {}): KnownSchedule {
  return {
    generation: 1,
    state: "live",
    brazeScheduleId: "schedule-1",
    sendAt: at("14:00:00"),
    movingTo: null,
    updatedAt: new Date("2024-12-06T18:00:00Z"),
    listedAt: at("05:30:00"),
    missedAt: null,
    firstEventAt: null,
    hasOpenAttempt: false,
    ...changes,
  };
}

/** Pending, over `schedules`, of which the last is the current one. Ids are `schedule-<match>-<generation>`. */
export function knownMatch(
  matchId: number,
  changes: Partial<KnownMatch> = {},
  ...schedules: Partial<KnownSchedule>[]
): KnownMatch {
  const all = (schedules.length === 0 ? [{}] : schedules).map((schedule, index) =>
    knownSchedule({
      generation: index + 1,
      brazeScheduleId: `schedule-${matchId}-${index + 1}`,
      ...schedule,
    })
  );
  const current = all.at(-1)!;
  return {
    ledgerId: ledgerIdOf(matchId),
    matchId,
    homeTeam: "Arsenal",
    awayTeam: "Chelsea",
    matchStatus: "scheduled",
    status: "pending",
    cancelReason: changes.status === "cancelled" ? "plan" : null,
    campaignId: CAMPAIGN,
    generation: current.generation,
    sendId: `match-${matchId}`,
    sendAt: current.sendAt,
    reportedCount: null,
    statisticsAt: null,
    hasEvents: false,
    wasAborted: false,
    schedules: all,
    ...changes,
  };
}

/** Of listed schedules, nothing is known by their ids. */
export const NO_IDS = { supersededScheduleIds: [], keptScheduleIds: [] } as const;

export function listed(
  scheduleId: string,
  says: { readonly matchId?: number; readonly generation?: number } = {},
  changes: Partial<ListedSchedule> = {},
): ListedSchedule {
  const { matchId, generation } = says;
  return {
    scheduleId,
    campaignId: CAMPAIGN,
    sendAt: at("14:00:00"),
    triggerProperties: {
      ...(matchId === undefined ? {} : { match_id: String(matchId) }),
      ...(matchId === undefined || generation === undefined
        ? {}
        : { ledger_id: ledgerIdOf(matchId), generation }),
    },
    dispatchId: null,
    sendId: null,
    ...changes,
  };
}

/** The delete of generation 1 of match 1, without an answer since 05:00. */
export function unknownAttempt(changes: Partial<UnknownAttempt> = {}): UnknownAttempt {
  return {
    attemptId: "attempt-1",
    kind: "delete",
    matchId: 1,
    ledgerId: ledgerIdOf(1),
    generation: 1,
    brazeScheduleId: "schedule-1-1",
    movingTo: null,
    closedAt: at("05:00:00"),
    missedAt: null,
    isSuperseded: false,
    ...changes,
  };
}
