/** Alerts that more than one watcher raises: the same trouble has one fingerprint, whoever sees it first. */
import type { Alert } from "../store/notices.ts";

export const SCHEDULE_MISSING = "schedule_missing";

/** Braze no longer holds the schedule of a match that is to be pushed. */
export function scheduleMissing(missing: {
  readonly matchId: number;
  readonly homeTeam: string;
  readonly awayTeam: string;
  readonly generation: number;
  readonly sendAt: Date;
  readonly brazeScheduleId: string | null;
}): Alert {
  const { matchId, homeTeam, awayTeam, generation, sendAt, brazeScheduleId } = missing;
  return {
    fingerprint: `${SCHEDULE_MISSING}:${matchId}`,
    rule: SCHEDULE_MISSING,
    severity: "critical",
    audience: "admin",
    title:
      `Match ${matchId} ${homeTeam}–${awayTeam}: its schedule is gone from Braze, so no push goes out`,
    details: { generation, send_at: sendAt, schedule_id: brazeScheduleId },
    matchId,
  };
}
