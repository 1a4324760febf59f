/** When each cron function runs, in minutes of the UTC day. A test compares this with the cron jobs in the database. */

const DAY_MINUTES = 1_440;
const MINUTE_MS = 60_000;

export interface Cadence {
  readonly name: string;
  /** Minutes from one run to the next. */
  readonly every: number;
  /** Minute of the first run of the day. */
  readonly from: number;
}

export const CADENCES: readonly Cadence[] = [
  { name: "braze-scheduler", every: 5, from: 4 },
  { name: "braze-preflight-check", every: 5, from: 0 },
  { name: "braze-reconcile", every: 30, from: 10 },
  { name: "braze-count-audit", every: 60, from: 20 },
  { name: "webhook-health-rollup", every: DAY_MINUTES, from: 215 },
];

export function nextRun({ every, from }: Cadence, now: Date): Date {
  const midnight = Math.floor(now.getTime() / (DAY_MINUTES * MINUTE_MS)) * DAY_MINUTES * MINUTE_MS;
  const minutes = (now.getTime() - midnight) / MINUTE_MS;
  const steps = Math.floor((minutes - from) / every) + 1;
  return new Date(midnight + (from + Math.max(0, steps) * every) * MINUTE_MS);
}

/** The heartbeat's rule: no success for twice the period. */
export function isStalled({ every }: Cadence, lastSuccess: Date | null, now: Date): boolean {
  return lastSuccess !== null && now.getTime() - lastSuccess.getTime() > 2 * every * MINUTE_MS;
}
