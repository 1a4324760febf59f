/**
 * Measures how many users follow each team, from the size of the team's Braze segment, and with it what each pending push is
 * expected to reach.
 */
import type { SegmentStatistics } from "../braze/schemas.ts";
import type { Dependencies } from "./dependencies.ts";
import type { AudienceSize } from "../store/health.ts";
import type { LogEntry } from "../store/alerts_and_logs.ts";
import { isPastDeadline, type Run } from "./cron_function.ts";

/** Two days, because Braze may not have counted today yet. */
const LENGTH_DAYS = 2;

export interface Measured {
  readonly measured: number;
  readonly failed: number;
  /** Teams that the deadline prevented; the next run starts with them. */
  readonly left: number;
}

/** `sendsUntil`: only teams with a push before it; null for all. */
export async function measureAudiences(
  { store, braze, clock, functionName }: Dependencies,
  run: Run,
  sendsUntil: Date | null,
): Promise<Measured> {
  const teams = await store.health.teamsToMeasure(sendsUntil, clock.now());
  const sizes: AudienceSize[] = [];
  const logs: LogEntry[] = [];
  for (const { name, segmentId } of teams) {
    if (isPastDeadline(run, clock.now())) break;
    const answer = await braze.segmentStatistics(
      { segmentId, lengthDays: LENGTH_DAYS },
      { deadline: run.deadline },
    );
    const size = answer.outcome === "succeeded" ? latestSize(answer.value) : null;
    if (size !== null) {
      sizes.push({ name, size });
      continue;
    }
    logs.push({
      action: "audience_not_measured",
      reason: answer.outcome === "succeeded"
        ? `Cannot measure ${name}: Braze returned no size for its segment`
        : `Cannot measure ${name}: ${answer.detail}`,
      matchId: null,
      details: { team: name, segment_id: segmentId },
    });
  }
  const measured = await store.health.storeAudienceSizes(sizes, clock.now());
  await store.alertsAndLogs.writeLogs(
    logs,
    { functionName, runId: run.runId },
    clock.now(),
  );
  return {
    measured,
    failed: logs.length,
    left: teams.length - sizes.length - logs.length,
  };
}

/** The size on the latest day that has one. */
export function latestSize(days: SegmentStatistics): number | null {
  const sizes = days.toSorted((a, b) => a.day < b.day ? -1 : 1).map((
    { size },
  ) => size);
  return sizes.findLast((size): size is number =>
    Number.isSafeInteger(size) && Number(size) >= 0
  ) ??
    null;
}
