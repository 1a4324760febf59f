/** Alerts that several functions raise, with one fingerprint for the same fault. */
import type { Alert } from "../store/alerts_and_logs.ts";

/** Braze no longer has the schedule of a match that needs a push. */
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
      `Match ${matchId} ${homeTeam}–${awayTeam}: Braze no longer has its schedule, so no push is sent`,
    details: { generation, send_at: sendAt, schedule_id: brazeScheduleId },
    matchId,
  };
}
