/** When each timed function runs, in minutes of the UTC day. A test compares this with the cron jobs in the database. */

const DAY_MINUTES = 1_440;
const MINUTE_MS = 60_000;

export interface Cadence {
  readonly name: string;
  /** What it does, in the words of the page. */
  readonly title: string;
  /** Minutes from one run to the next. */
  readonly every: number;
  /** Minute of the first run of the day. */
  readonly from: number;
}

export const CADENCES: readonly Cadence[] = [
  { name: "braze-scheduler", title: "Schedule pushes", every: 5, from: 4 },
  { name: "braze-preflight-check", title: "Check before the send", every: 5, from: 0 },
  { name: "braze-reconcile", title: "Compare with Braze", every: 30, from: 10 },
  { name: "braze-count-audit", title: "Count schedules", every: 60, from: 20 },
  { name: "webhook-health-rollup", title: "Sum up the day", every: DAY_MINUTES, from: 215 },
];

export function nextRun({ every, from }: Cadence, now: Date): Date {
  const midnight = Math.floor(now.getTime() / (DAY_MINUTES * MINUTE_MS)) * DAY_MINUTES * MINUTE_MS;
  const minutes = (now.getTime() - midnight) / MINUTE_MS;
  const steps = Math.floor((minutes - from) / every) + 1;
  return new Date(midnight + (from + Math.max(0, steps) * every) * MINUTE_MS);
}

/** The heartbeat's rule: no success for twice the period. */
export function isStalled(
  { every }: Pick<Cadence, "every">,
  lastSuccess: Date | null,
  now: Date,
): boolean {
  return lastSuccess !== null && now.getTime() - lastSuccess.getTime() > 2 * every * MINUTE_MS;
}

export interface Silence {
  /** null: cron itself called nothing. */
  readonly cadence: Cadence | null;
  readonly since: Date;
}

/** What has not run as it should; one line stands for all where cron calls nothing. */
export function silences(
  lastCall: Date | null,
  lastSuccess: ReadonlyMap<string, Date | null>,
  now: Date,
): Silence[] {
  const every = Math.min(...CADENCES.map((cadence) => cadence.every));
  if (lastCall !== null && isStalled({ every }, lastCall, now)) {
    return [{ cadence: null, since: lastCall }];
  }
  return CADENCES.flatMap((cadence) => {
    const since = lastSuccess.get(cadence.name) ?? null;
    return since !== null && isStalled(cadence, since, now) ? [{ cadence, since }] : [];
  });
}
