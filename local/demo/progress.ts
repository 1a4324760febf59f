/** How far the demo is. Its time goes into the calls of each virtual hour, so the share of hours is the share of work. Pure. */

/** Before this share the time left is a guess. */
const SHARE_MIN = 0.02;

export interface Progress {
  readonly from: Date;
  readonly until: Date;
  readonly now: Date;
  readonly elapsedMs: number;
}

/** As in "34 %, about 2 min left". */
export function progressText({ from, until, now, elapsedMs }: Progress): string {
  const share = (now.getTime() - from.getTime()) / (until.getTime() - from.getTime());
  const percent = `${Math.floor(share * 100)} %`;
  if (share < SHARE_MIN) return percent;
  return `${percent}, about ${roughly(elapsedMs * (1 - share) / share)} left`;
}

function roughly(ms: number): string {
  const seconds = ms / 1_000;
  if (seconds < 90) return `${Math.max(5, Math.ceil(seconds / 5) * 5)} s`;
  return `${Math.round(seconds / 60)} min`;
}
