/** Alerts that more than one watcher raises: the same trouble has one fingerprint, whoever sees it first. */
import type { Alert } from "../store/alerts_and_logs.ts";

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
    fingerprint: `schedule_missing:${matchId}`,
    rule: "schedule_missing",
    severity: "critical",
    audience: "admin",
    title:
      `Match ${matchId} ${homeTeam}–${awayTeam}: its schedule is gone from Braze, so no push goes out`,
    details: { generation, send_at: sendAt, schedule_id: brazeScheduleId },
    matchId,
  };
}
